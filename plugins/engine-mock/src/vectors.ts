import { SeededNumbers } from './random.js';

/** A direction of length 1 that depends on the text alone. */
export function embedText(text: string, size: number): number[] {
  const numbers = new SeededNumbers(`embedding ${text}`);
  const raw = Array.from({ length: size }, () => numbers.below(2_000_001) - 1_000_000);
  const length = Math.hypot(...raw) || 1;
  return raw.map((value) => value / length);
}

/** Share of words that both texts have in common, from 0 to 1. */
export function scoreText(query: string, text: string): number {
  const asked = wordSet(query);
  const given = wordSet(text);
  const shared = [...asked].filter((word) => given.has(word)).length;
  const all = asked.size + given.size - shared;
  return all === 0 ? 0 : shared / all;
}

function wordSet(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu));
}
