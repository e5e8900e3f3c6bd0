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

/** Texts that tell who somebody is. Cards count only with a right check digit: see {@link isSensitive}. */
export const PERSONAL_PATTERNS: readonly SensitivePattern[] = [
  {
    class: 'email',
    source:
      '(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){0,8}\\.[A-Za-z]{2,24}',
  },
  { class: 'card', source: '(?<![\\d.-])\\d(?:[ -]?\\d){12,18}(?![\\d-])' },
  {
    class: 'phone',
    source: '(?<![\\w.+-]|\\d )(?:\\+\\d|\\(\\d{2,4}\\) ?|0\\d{1,4}[ /-])(?:[ ()/.-]?\\d){5,10}(?![\\w-]| \\d)',
  },
];

/** What a pattern found may still be none: a number without the check digit of a card. */
export function isSensitive(className: string, text: string): boolean {
  return className !== 'card' || hasCheckDigit(text);
}

/** Luhn. */
function hasCheckDigit(text: string): boolean {
  const digits = [...text].filter((character) => character >= '0' && character <= '9').map(Number);
  const sum = digits.toReversed().reduce((total, digit, at) => total + (at % 2 === 0 ? digit : doubled(digit)), 0);
  return digits.length >= 13 && sum % 10 === 0 && new Set(digits).size > 1;
}

function doubled(digit: number): number {
  return digit < 5 ? digit * 2 : digit * 2 - 9;
}

function secret(name: string, source: string): SensitivePattern {
  return { class: `secret.${name}`, source };
}
