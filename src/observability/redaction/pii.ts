import { type Finder, NOTHING, type Span } from './spans.js';

/** Longest text that is found. */
export const LONGEST_PII = 400;

const EMAIL = /(?<![\w.%+-])[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}/g;
/** With a country code, or in three groups: ids and times are long numbers too. */
const PHONE = /(?<![\w.+])(?:\+\d(?:[ ().-]{0,2}\d){7,14}|\(?\d{3}\)?[ .-]\d{3,4}[ .-]\d{4})(?!\w)/g;
const CARD = /(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d)/g;

/** E-mail addresses, phone and card numbers. */
export const piiFinders: readonly Finder[] = [
  (text) => (text.includes('@') ? spansOf(text, EMAIL) : NOTHING),
  (text) => spansOf(text, PHONE),
  (text) => spansOf(text, CARD, hasCheckDigit),
];

function spansOf(text: string, pattern: RegExp, counts: (found: string) => boolean = () => true): Span[] {
  const found = Array.from(text.matchAll(pattern)).filter(([match]) => counts(match));
  return found.map(({ index, 0: match }) => ({ start: index, end: index + match.length }));
}

/** The last digit of a card number makes a sum over all of them end in 0. */
function hasCheckDigit(number: string): boolean {
  const digits = Array.from(number.replaceAll(/\D/g, ''), Number).reverse();
  const sum = digits.reduce((total, digit, index) => {
    const counted = index % 2 === 0 ? digit : digit * 2;
    return total + (counted > 9 ? counted - 9 : counted);
  }, 0);
  return sum % 10 === 0;
}
