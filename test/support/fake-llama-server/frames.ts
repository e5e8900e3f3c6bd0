import { chunk } from '../fake-engines/chunks.js';
import { COUNT, WORD_IDS, type Word } from '../fake-engines/model.js';

const CACHED_CHUNKS = 4_096;
const CACHED_PROMPTS = 16;
const chunkCache = new Map<number, Buffer[]>();

/** One token event as an HTTP chunk. The counting answer is built once per prompt length and shared by all streams. */
export function tokenChunk(promptTokens: number, predicted: number, word: Word): Buffer {
  const isCached =
    predicted < CACHED_CHUNKS && WORD_IDS.get(word.text) === word.ids[0] && COUNT.includes(word.text.trim());
  if (!isCached) return chunk(tokenFrame(promptTokens, predicted, word));
  let known = chunkCache.get(promptTokens);
  if (known === undefined) {
    if (chunkCache.size >= CACHED_PROMPTS) chunkCache.clear();
    chunkCache.set(promptTokens, (known = []));
  }
  const key = predicted * COUNT.length + COUNT.indexOf(word.text.trim());
  return (known[key] ??= chunk(tokenFrame(promptTokens, predicted, word)));
}

/** The same as an object. */
export function tokenEvent(promptTokens: number, predicted: number, word: Word): object {
  return JSON.parse(tokenFrame(promptTokens, predicted, word).slice('data: '.length)) as object;
}

function tokenFrame(promptTokens: number, predicted: number, word: Word): string {
  const tokens = word.text === '' ? word.ids : word.ids.slice(-1);
  return `data: {"index":0,"content":${JSON.stringify(word.text)},"tokens":[${tokens.join(',')}],"stop":false,"id_slot":-1,"tokens_predicted":${predicted},"tokens_evaluated":${promptTokens}}\n\n`;
}
