// Steps over JSON text, from an address to the next. Each answers 0 where the text is broken; none reads past `end`.

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const ONES: u64 = 0x0101010101010101;

export function isSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 0x09 && byte <= 0x0d && byte != 0x0b && byte != 0x0c);
}

export function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

/** The first byte at or after `at` that is no space; `end` when there is none. */
export function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** Behind the string whose opening quote is at `at`. */
export function skipString(at: usize, end: usize): usize {
  at++;
  while (true) {
    at = skipPlain(at, end);
    if (at >= end) return 0;
    const byte = load<u8>(at);
    if (byte == QUOTE) return at + 1;
    at += byte == BACKSLASH ? 2 : 1;
  }
}

/** Over what is certainly neither quote nor backslash, eight bytes at a time: bodies are mostly long texts. */
function skipPlain(at: usize, end: usize): usize {
  while (at + 8 <= end && !hasByte(load<u64>(at), QUOTE) && !hasByte(load<u64>(at), BACKSLASH)) at += 8;
  return at;
}

/** True when one of the eight bytes is this one: it alone becomes 0, and borrows. */
function hasByte(eight: u64, byte: u8): bool {
  const rest = eight ^ (ONES * byte);
  return ((rest - ONES) & ~rest & (ONES << 7)) != 0;
}

/** Behind the value at `at`, whatever it is. */
export function skipValue(at: usize, end: usize): usize {
  if (at >= end) return 0;
  const byte = load<u8>(at);
  if (byte == QUOTE) return skipString(at, end);
  if ((byte | 0x20) == 0x7b) return skipContainer(at, end);
  return skipScalar(at, end);
}

/** Counts brackets instead of calling itself: however deep the text, the stack stays flat. */
function skipContainer(at: usize, end: usize): usize {
  let depth = 0;
  while (at != 0 && at < end) {
    const byte = load<u8>(at);
    if (byte == QUOTE) {
      at = skipString(at, end);
      continue;
    }
    // `[` and `{`, `]` and `}` differ in one bit alone.
    const bracket = byte | 0x20;
    if (bracket == 0x7b) depth++;
    else if (bracket == 0x7d) depth--;
    at++;
    if (depth == 0) return at;
  }
  return 0;
}

function skipScalar(at: usize, end: usize): usize {
  const start = at;
  while (at < end && !isDelimiter(load<u8>(at))) at++;
  return at == start ? 0 : at;
}

function isDelimiter(byte: u8): bool {
  return byte == 0x2c || byte == 0x7d || byte == 0x5d || byte == 0x3a || byte == QUOTE || isSpace(byte);
}

/** True when the bytes from `at` to `end` are exactly this ASCII word. */
export function isWord(at: usize, end: usize, word: string): bool {
  if (end - at != <usize>word.length) return false;
  for (let index = 0; index < word.length; index++)
    if (load<u8>(at + index) != <u8>word.charCodeAt(index)) return false;
  return true;
}

/** True when the bytes from `at` to `end` are a JSON number. */
export function isNumber(at: usize, end: usize): bool {
  if (at < end && load<u8>(at) == 0x2d) at++;
  if (at >= end || !isDigit(load<u8>(at))) return false;
  if (load<u8>(at) == 0x30) at++;
  else at = skipDigits(at, end);
  if (at < end && load<u8>(at) == 0x2e) {
    const digits = at + 1;
    at = skipDigits(digits, end);
    if (at == digits) return false;
  }
  return at == end || isExponent(at, end);
}

function isExponent(at: usize, end: usize): bool {
  if ((load<u8>(at) | 0x20) != 0x65) return false;
  at++;
  if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++;
  const digits = at;
  return skipDigits(digits, end) == end && digits < end;
}

function skipDigits(at: usize, end: usize): usize {
  while (at < end && isDigit(load<u8>(at))) at++;
  return at;
}
