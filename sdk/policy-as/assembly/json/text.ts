const BACKSLASH: u8 = 0x5c;

/** Text of a JSON string from behind its opening quote to its closing one; escapes that do not exist stand for themselves. */
export function decodeText(start: usize, end: usize): string {
  let escape = nextEscape(start, end);
  if (escape == end) return String.UTF8.decodeUnsafe(start, end - start);
  const parts: string[] = [];
  while (escape < end) {
    parts.push(String.UTF8.decodeUnsafe(start, escape - start));
    parts.push(String.fromCharCode(unescaped(escape, end)));
    start = min(escape + escapeLength(escape, end), end);
    escape = nextEscape(start, end);
  }
  parts.push(String.UTF8.decodeUnsafe(start, end - start));
  return parts.join('');
}

/** True when the string, from behind its opening quote to its closing one, says `text`; makes no string where it need not. */
export function isText(start: usize, end: usize, text: string): bool {
  for (let index = 0; start < end; index++, start++) {
    const byte = load<u8>(start);
    if (byte == BACKSLASH || byte > 0x7f) return decodeText(start, end) == text.slice(index);
    if (index == text.length || <i32>byte != text.charCodeAt(index)) return false;
    if (start + 1 == end) return index + 1 == text.length;
  }
  return text.length == 0;
}

function nextEscape(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) != BACKSLASH) at++;
  return at;
}

function escapeLength(at: usize, end: usize): usize {
  return at + 1 < end && load<u8>(at + 1) == 0x75 ? 6 : 2;
}

function unescaped(at: usize, end: usize): i32 {
  if (at + 1 >= end) return BACKSLASH;
  const kind = load<u8>(at + 1);
  if (kind == 0x75) return codeUnit(at + 2, end);
  if (kind == 0x62) return 0x08;
  if (kind == 0x66) return 0x0c;
  if (kind == 0x6e) return 0x0a;
  if (kind == 0x72) return 0x0d;
  if (kind == 0x74) return 0x09;
  return kind;
}

/** Four hex digits; U+FFFD where they are none. */
function codeUnit(at: usize, end: usize): i32 {
  if (at + 4 > end) return 0xfffd;
  let unit = 0;
  for (let digit = at; digit < at + 4; digit++) {
    const value = hexValue(load<u8>(digit));
    if (value < 0) return 0xfffd;
    unit = (unit << 4) | value;
  }
  return unit;
}

function hexValue(byte: u8): i32 {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
