import { type Json } from '@llama-orch/policy-sdk/abi';

/** What reading takes a policy, in plain characters of text: about 100 units of fuel each in an interpreter. */
const VALUE = 30;
const NAME = 25;
const DIGIT = 7;
/** Beyond ASCII, or escaped. */
const ODD_CHARACTER = 8;
/** Numbers such as 1e300 are put together digit by digit. */
const POWER = 4_000;

const ODD_CHARACTERS = /[^\u0020-\u007e]|["\\]/g;

/** A third of the fuel that JavaScript has by default: the rest is for deciding. */
export const READABLE = 160_000;

/** What is left of an effort once a value is read; below 0 where it is not enough, and the rest is not looked at. */
export function effortLeft(value: Json, effort: number): number {
  const unread: Json[] = [value];
  while (unread.length > 0 && effort >= 0) {
    const next = unread.pop()!;
    effort -= VALUE + effortOf(next);
    if (typeof next === 'object' && next !== null) for (const inside of Object.values<Json>(next)) unread.push(inside);
  }
  return effort;
}

/** Without what is inside. */
function effortOf(value: Json): number {
  if (typeof value === 'string') return effortOfText(value);
  if (typeof value === 'number') return effortOfNumber(String(value));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 0;
  return Object.keys(value).reduce((sum, name) => sum + NAME + effortOfText(name), 0);
}

function effortOfText(text: string): number {
  return text.length + ODD_CHARACTER * (text.match(ODD_CHARACTERS)?.length ?? 0);
}

function effortOfNumber(digits: string): number {
  return digits.includes('e') ? POWER : DIGIT * digits.length;
}
