import { COUNT, WORD_IDS, type Word } from './fake-model.js';

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

function tokenFrame(promptTokens: number, predicted: number, word: Word): string {
  const tokens = word.text === '' ? word.ids : word.ids.slice(-1);
  return `data: {"index":0,"content":${JSON.stringify(word.text)},"tokens":[${tokens.join(',')}],"stop":false,"id_slot":-1,"tokens_predicted":${predicted},"tokens_evaluated":${promptTokens}}\n\n`;
}

/** Content framed as one HTTP chunk. */
export function chunk(content: string | Buffer): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** The content of whole HTTP chunks. */
export function unframed(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const head = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, head), 16);
    parts.push(bytes.subarray(head + 2, head + 2 + size));
    at = head + 4 + size;
  }
  return Buffer.concat(parts);
}
