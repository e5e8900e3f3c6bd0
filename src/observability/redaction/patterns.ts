import { type Finder, type Span } from './spans.js';

/** Characters that one attempt to match sees; a match that reaches the end of them is looked at again further on. */
const WINDOW = 4_096;
/** Longest text that is found for certain. */
export const LONGEST_MATCH = 2_048;

/** Finds what a configured expression matches. An expression that is slow on long texts is given only short ones. */
export function patternFinder(source: string): Finder {
  const pattern = new RegExp(source, 'gu');
  return (text) => (text.length <= WINDOW ? matchesIn(text, pattern, 0) : windowed(text, pattern));
}

function windowed(text: string, pattern: RegExp): Span[] {
  const found: Span[] = [];
  for (let from = 0; from === 0 || from + LONGEST_MATCH < text.length; from += WINDOW - LONGEST_MATCH) {
    found.push(...matchesIn(text.slice(from, from + WINDOW), pattern, from));
  }
  return found;
}

function matchesIn(text: string, pattern: RegExp, offset: number): Span[] {
  return Array.from(text.matchAll(pattern), ({ index, 0: found }) => ({
    start: offset + index,
    end: offset + index + found.length,
  }));
}
