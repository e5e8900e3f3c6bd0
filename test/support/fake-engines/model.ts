/** What one step of decoding shows: an emoji is one event of four tokens. */
export interface Word {
  readonly text: string;
  readonly ids: readonly number[];
}

const BOS = 317;
export const END_OF_TURN = 322;
const CONTROL: Readonly<Record<string, number>> = {
  '<|bos|>': BOS,
  '<|endoftext|>': 318,
  '<|user|>': 319,
  '<|assistant|>': 320,
  '<|system|>': 321,
  '<|end|>': END_OF_TURN,
};
const CONTROL_NAMES = new Map(Object.entries(CONTROL).map(([name, id]) => [id, name]));
export const COUNT = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const STORY = ['Once', 'a', 'worker', 'took', 'a', 'job', 'from', 'the', 'robot.', 'The', 'client', 'waits.'];
const HELLO = ['Hello', 'there', 'friend,', 'how', 'may', 'I', 'help', 'you', 'today?'];
const WORDS = [...new Set([...STORY.slice(0, 3), ...COUNT, ...STORY.slice(3), ...HELLO])];
export const WORD_IDS = new Map(WORDS.map((word, index) => [` ${word}`, wordId(word, index)]));
const ID_WORDS = new Map([...WORD_IDS].map(([word, id]) => [id, word]));
const LLAMA = Buffer.from('🦙');
/** What the model answers: the latest keyword of the user decides, sampling changes the story, text alone is counted on. */
export function answerTo(
  ids: readonly number[],
  temperature: number,
  seed: number,
): { words: readonly Word[]; endsItself: boolean } {
  const isChat = ids.includes(320);
  const text = detokenize(ids.filter((id) => !CONTROL_NAMES.has(id)));
  const keyword = /.*(hello|hi|count|llama|story|stop)/s.exec(text)?.[1];
  if (isChat && keyword === 'stop') return { words: [], endsItself: true };
  if (isChat && (keyword === 'hello' || keyword === 'hi')) return { words: opening(HELLO), endsItself: true };
  if (keyword === 'llama') return { words: [emoji(), { text: ' ', ids: [32] }], endsItself: false };
  if (temperature > 0) return { words: shuffled(STORY, seed), endsItself: false };
  if (keyword === 'story') return { words: opening(STORY), endsItself: false };
  const last = COUNT.findIndex((word) => text.endsWith(word));
  const words = [...COUNT.slice(last + 1), ...COUNT.slice(0, last + 1)].map(spaced);
  return { words, endsItself: false };
}

function opening(words: readonly string[]): Word[] {
  return words.map((word, index) =>
    index === 0 ? { text: word, ids: [WORD_IDS.get(` ${word}`) ?? 0] } : spaced(word),
  );
}

function spaced(word: string): Word {
  return { text: ` ${word}`, ids: [WORD_IDS.get(` ${word}`) ?? 0] };
}

function emoji(): Word {
  return { text: LLAMA.toString(), ids: [...LLAMA] };
}

/** Words in an order that the seed alone decides. */
function shuffled(words: readonly string[], seed: number): Word[] {
  const whole = seed < 0 ? Date.now() : seed;
  // Every bit of a wide seed counts.
  let state = (whole ^ Math.floor(whole / 2 ** 32)) >>> 0;
  return Array.from({ length: 64 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return spaced(words[(state >>> 8) % words.length] ?? 'a');
  });
}

/** ` one` is 290, as in the test model. */
function wordId(word: string, index: number): number {
  const counted = COUNT.indexOf(word);
  if (counted !== -1) return 290 + counted;
  return index < 3 ? 256 + index : 259 + index - 3 - COUNT.length;
}

/** A prompt as the server reads it: text, ids or a mixture; undefined when there is none. */
export function promptIds(prompt: unknown): number[] | undefined {
  if (typeof prompt === 'string') return [BOS, ...tokenize(prompt, true)];
  if (!Array.isArray(prompt)) return undefined;
  const head = typeof prompt[0] === 'string' ? [BOS] : [];
  return [
    ...head,
    ...prompt.flatMap((part: unknown) => (typeof part === 'string' ? tokenize(part, true) : [Number(part)])),
  ];
}

/** Ids as `/tokenize` gives them. */
export function tokenizeBody(body: Readonly<Record<string, unknown>>): number[] {
  const ids = tokenize(typeof body.content === 'string' ? body.content : '', body.parse_special !== false);
  return body.add_special === true ? [BOS, ...ids] : ids;
}

export function tokenize(text: string, parseSpecial: boolean): number[] {
  const ids: number[] = [];
  for (const part of text.split(/(<\|[a-z]+\|>|(?<= [A-Za-z.,?]+)(?![A-Za-z.,?])|(?= ))/)) {
    if (part === '') continue;
    const known = (parseSpecial ? CONTROL[part] : undefined) ?? WORD_IDS.get(part);
    if (known === undefined) ids.push(...Buffer.from(part));
    else ids.push(known);
  }
  return ids;
}

export function detokenize(ids: readonly number[]): string {
  const parts = ids.map((id) => {
    const name = CONTROL_NAMES.get(id) ?? ID_WORDS.get(id);
    return name === undefined ? Buffer.of(id) : Buffer.from(name);
  });
  return Buffer.concat(parts).toString();
}
