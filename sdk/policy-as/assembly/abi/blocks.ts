import * as extism from './extism';

/** The input of this call. Every read crosses into the host, so eight bytes are taken at a time. */
export function readInput(): Uint8Array {
  const bytes = padded(<i32>extism.input_length());
  const whole = bytes.length & ~7;
  for (let at = 0; at < whole; at += 8) store<u64>(bytes.dataStart + at, extism.input_load_u64(at));
  for (let at = whole; at < bytes.length; at++) bytes[at] = <u8>extism.input_load_u8(at);
  return bytes;
}

/** What a block of the host holds. */
export function readBlock(block: i64): Uint8Array {
  const bytes = padded(<i32>extism.length(block));
  const whole = bytes.length & ~7;
  for (let at = 0; at < whole; at += 8) store<u64>(bytes.dataStart + at, extism.load_u64(block + at));
  for (let at = whole; at < bytes.length; at++) bytes[at] = <u8>extism.load_u8(block + at);
  return bytes;
}

/** Text of a block; none for the block 0. */
export function readText(block: i64): string {
  if (block == 0) return '';
  const bytes = readBlock(block);
  return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length);
}

/** A block of exactly these bytes: the host takes the whole block for the text. */
export function blockOf(start: usize, bytes: i32): i64 {
  const block = extism.alloc(bytes);
  const whole = bytes & ~7;
  for (let at = 0; at < whole; at += 8) extism.store_u64(block + at, load<u64>(start + at));
  for (let at = whole; at < bytes; at++) extism.store_u8(block + at, load<u8>(start + at));
  return block;
}

export function blockOfText(text: string): i64 {
  const encoded = String.UTF8.encode(text);
  return blockOf(changetype<usize>(encoded), encoded.byteLength);
}

/** Makes these bytes the answer of the call. */
export function writeOutput(start: usize, bytes: i32): void {
  extism.output_set(blockOf(start, bytes), bytes);
}

/** Room behind the end, because a character that is cut short there makes the decoder look on. */
function padded(bytes: i32): Uint8Array {
  return Uint8Array.wrap(new ArrayBuffer(bytes + 8), 0, bytes);
}
