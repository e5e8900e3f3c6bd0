import { Fault } from '../fault.js';
import { type Header } from './exchange.js';

/** By these an answer is judged and read; the first would be judged, and callers might go by the last. */
const SINGLE: readonly string[] = ['content-type', 'content-length', 'content-encoding', 'location'];
/** Twice is another thing than once. */
const OF_LISTS: readonly string[] = ['content-encoding'];

/** Headers that say the same twice say it once. @throws Fault for those that say different things */
export function withSingleHeaders(headers: readonly Header[]): readonly Header[] {
  const seen = new Map<string, string>();
  return headers.filter(([name, value]) => {
    const before = seen.get(name);
    if (!SINGLE.includes(name)) return true;
    seen.set(name, value.trim());
    if (before === undefined) return true;
    if (before === value.trim() && !OF_LISTS.includes(name)) return false;
    throw new Fault('protocol', `the answer has ${name} twice`);
  });
}
