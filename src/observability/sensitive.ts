/** A kind of text that should not go astray: `source` is of a regular expression with the flags `gu`. */
export interface SensitivePattern {
  /** `secret.…`, `email`, `phone`, `card`. */
  readonly class: string;
  readonly source: string;
}

/** Texts that give whoever has them a right. Each expression takes time in proportion to the text. */
export const SECRET_PATTERNS: readonly SensitivePattern[] = [
  secret(
    'private_key',
    '-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\\s\\\\]{0,16384}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?',
  ),
  secret('aws_key', '(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])'),
  secret('github', '(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})'),
  secret('slack', '(?<![A-Za-z0-9_])xox[abeoprs]-[A-Za-z0-9-]{10,255}'),
  secret('openai', '(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{20,255}'),
  secret('google', '(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}'),
  secret('huggingface', '(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{30,255}'),
  secret('jwt', '(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\\.[A-Za-z0-9_-]{8,8192}\\.[A-Za-z0-9_-]{0,2048}'),
  secret('bearer', '(?<![A-Za-z])[Bb]earer [A-Za-z0-9._~+/-]{16,4096}={0,2}'),
  secret('basic', '(?<![A-Za-z])[Bb]asic [A-Za-z0-9+/]{12,1024}={0,2}'),
  secret('url_credentials', '(?<=://)[^\\s/:@"\'<>]{1,128}:[^\\s/@"\'<>]{1,128}(?=@)'),
];

const EMAIL =
  '(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){0,8}\\.[A-Za-z]{2,24}';
const CARD = '(?<![\\d.-])\\d(?:[ -]?\\d){12,18}(?![\\d-])';
/** With a country code, a code of an area, or in three groups: ids and times are long numbers too. */
const PHONE =
  '(?<![\\w.+-]|\\d )' +
  '(?:\\+\\d(?:[ ()/.-]{0,2}\\d){5,13}|(?:\\(\\d{2,4}\\) ?|0\\d{1,4}[ /-])(?:[ ()/.-]?\\d){5,10}' +
  '|\\d{3}[ .-]\\d{3,4}[ .-]\\d{4})' +
  '(?![\\w-]| \\d)';

/** Texts that tell who somebody is. Cards count only with a right check digit: see {@link isSensitive}. */
export const PERSONAL_PATTERNS: readonly SensitivePattern[] = [
  { class: 'email', source: EMAIL },
  { class: 'card', source: CARD },
  { class: 'phone', source: PHONE },
];

/** Characters of the longest text that a pattern of {@link PERSONAL_PATTERNS} finds: an address with eight labels. */
export const LONGEST_PERSONAL = 700;

/** What a pattern found may still be none: a number without the check digit of a card. */
export function isSensitive(className: string, text: string): boolean {
  return className !== 'card' || hasCheckDigit(text);
}

const ZERO = 48;

/** Luhn, from the right. The same digit over and over is no number of anything. */
function hasCheckDigit(text: string): boolean {
  let digits = 0;
  let sum = 0;
  let others = false;
  const last = text.charCodeAt(text.length - 1);
  for (let at = text.length - 1; at >= 0; at--) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) continue;
    sum += digits % 2 === 0 ? digit : doubled(digit);
    digits += 1;
    others ||= digit !== last - ZERO;
  }
  return digits >= 13 && sum % 10 === 0 && others;
}

function doubled(digit: number): number {
  return digit < 5 ? digit * 2 : digit * 2 - 9;
}

function secret(name: string, source: string): SensitivePattern {
  return { class: `secret.${name}`, source };
}
