const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * The bytes of an address, 4 or 16; undefined when the text is none. Strict: no octal, no hex, no short forms. An IPv4
 * address inside of IPv6 (`::ffff:…`) counts as what it is.
 */
export function ipBytes(text: string): readonly number[] | undefined {
  const bytes = text.includes(':') ? v6Bytes(text) : v4Bytes(text);
  return bytes?.length === 16 && MAPPED.every((byte, index) => bytes[index] === byte) ? bytes.slice(12) : bytes;
}

/** @throws Error when `cidr` is no range, so that a mistake denies; an address that is none is in no range */
export function isInRange(ip: string, cidr: string): boolean {
  const range = parseRange(cidr);
  if (range === undefined)
    throw new Error(`${JSON.stringify(cidr)} is no range of addresses; write it as 10.0.0.0/8 or 2001:db8::/32`);
  const bytes = ipBytes(ip);
  return bytes !== undefined && bytes.length === range.bytes.length && sharePrefix(bytes, range.bytes, range.bits);
}

export function isRange(cidr: string): boolean {
  return parseRange(cidr) !== undefined;
}

/** A single address is a range of one. */
function parseRange(cidr: string): { bytes: readonly number[]; bits: number } | undefined {
  const [address = '', prefix, ...rest] = cidr.split('/');
  const bytes = ipBytes(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  if (prefix === undefined) return { bytes, bits: bytes.length * 8 };
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

function sharePrefix(a: readonly number[], b: readonly number[], bits: number): boolean {
  return a.every((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    const mask = (0xff << (8 - kept)) & 0xff;
    return (byte & mask) === ((b[index] ?? 0) & mask);
  });
}

function v4Bytes(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  const fits = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return fits ? parts.map(Number) : undefined;
}

function v6Bytes(text: string): readonly number[] | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const before = groups(head, tail === undefined);
  const after = tail === undefined ? [] : groups(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 16 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

/** Groups of hex digits; the last may be an IPv4 address when it ends the text. */
function groups(text: string, atEnd: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const bytes = parts.map((part, index) => {
    if (atEnd && index === parts.length - 1 && part.includes('.')) return v4Bytes(part);
    return /^[0-9a-fA-F]{1,4}$/.test(part) ? [parseInt(part, 16) >> 8, parseInt(part, 16) & 0xff] : undefined;
  });
  return bytes.every((pair) => pair !== undefined) ? bytes.flat() : undefined;
}
