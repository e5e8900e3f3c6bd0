import { blockOfText } from './blocks';
import { error_set } from './extism';

/** Where asserts and `throw` lead. The host denies the call; the message helps its author. */
export function fail(message: string | null, file: string | null, line: u32, _column: u32): void {
  const what = message === null ? 'failed' : message;
  const where = file === null ? '' : ' at ' + file + ':' + line.toString();
  error_set(blockOfText(what + where));
  unreachable();
}
