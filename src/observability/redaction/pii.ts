import { isSensitive, LONGEST_PERSONAL, PERSONAL_PATTERNS } from '../sensitive.js';
import { type Finder } from './spans.js';

/** Longest text that is found. */
export const LONGEST_PII = LONGEST_PERSONAL;

/** E-mail addresses, phone and card numbers. */
export const piiFinders: readonly Finder[] = PERSONAL_PATTERNS.map(({ class: name, source }) => {
  const pattern = new RegExp(source, 'gu');
  return (text) =>
    Array.from(text.matchAll(pattern))
      .filter(([found]) => isSensitive(name, found))
      .map(({ index, 0: found }) => ({ start: index, end: index + found.length }));
});
