import { type EngineWire, type WireUsage } from './engine-wire.js';
import { type Ending, type Pieces, type Script } from './scripted-server.js';

/** Several words, a character of four bytes, one of two, a line end and what JSON escapes. */
export const TOKENS: readonly string[] = ['The', ' llama', ' 🦙', ' söft\n', '"says"', ' hello'];
export const TEXT = TOKENS.join('');
/** Not the number of the tokens, so that counts of the adapter's own show. */
export const USAGE: WireUsage = { promptTokens: 11, completionTokens: 23 };

export interface AnswerChanges {
  readonly tokens?: readonly string[];
  readonly finish?: string;
  /** `null`: the engine leaves its counts out. */
  readonly usage?: WireUsage | null;
}

/** The frames of tokens alone. */
export function tokenFrames(wire: EngineWire, tokens: readonly string[] = TOKENS): string[] {
  let before = '';
  return tokens.map((text, at) => {
    const frame = wire.token(text, { at, before });
    before += text;
    return frame;
  });
}

/** The frames that make a good end of an answer. */
export function endFrames(wire: EngineWire, { tokens = TOKENS, finish, usage }: AnswerChanges = {}): string[] {
  const told = usage === undefined ? USAGE : usage;
  const about = { finish: finish ?? goodFinish(wire), text: tokens.join(''), tokens: tokens.length };
  const isTold = told !== null && wire.usage !== 'none';
  const end = wire.end(isTold ? { ...about, usage: told } : about);
  return wire.trailer === undefined ? [...end] : [...end, wire.trailer];
}

/** The frames of a whole good answer. */
export function answerFrames(wire: EngineWire, changes: AnswerChanges = {}): string[] {
  return [...tokenFrames(wire, changes.tokens), ...endFrames(wire, changes)];
}

export function streamOf(wire: EngineWire, pieces: Pieces, ending: Ending = 'whole'): Script {
  const contentType = wire.framing === 'ndjson' ? 'application/x-ndjson' : 'text/event-stream';
  return { type: 'stream', pieces, ending, contentType };
}

export function goodFinish({ finishes }: EngineWire): string {
  return Object.keys(finishes)[0] ?? '';
}

/** Whether the orderly end of the connection is all that tells a complete answer. */
export function endsByConnection(wire: EngineWire): boolean {
  return wire.end({ finish: goodFinish(wire), text: TEXT, tokens: TOKENS.length }).length === 0;
}
