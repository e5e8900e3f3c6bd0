import { type ByteSource, Unsound } from './byte-source.js';

const LENGTH_BYTES = 8;
const MOST_HEADER_BYTES = 100 * 1024 * 1024;
/** Bits of a number of each type. */
const BITS: Readonly<Record<string, number>> = {
  ...{ BOOL: 8, U8: 8, I8: 8, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F4: 4, F6_E2M3: 6, F6_E3M2: 6 },
  ...{ I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, I64: 64, U64: 64, F64: 64, C64: 64 },
};

interface Tensor {
  readonly begin: number;
  readonly end: number;
}

/**
 * Checks the header of a safetensors file against itself and the size of the file: its tensors fill the rest of it, one
 * after the other. @throws Unsound that says what is wrong
 */
export async function checkSafetensors(source: ByteSource): Promise<void> {
  if (source.sizeBytes < LENGTH_BYTES + 2) throw new Unsound('it is too short for a safetensors file');
  const length = (await source.read(0, LENGTH_BYTES)).readBigUInt64LE();
  if (length > BigInt(MOST_HEADER_BYTES)) throw new Unsound('its header is longer than 100 MB');
  const headerBytes = Number(length);
  if (LENGTH_BYTES + headerBytes > source.sizeBytes) throw new Unsound('its header is longer than the file');
  const tensors = tensorsIn(parsed(await source.read(LENGTH_BYTES, headerBytes)));
  checkOrder(tensors, source.sizeBytes - LENGTH_BYTES - headerBytes);
}

/** True when a file begins as a safetensors file does: a length that it can hold, then an object. */
export function isSafetensors(head: Buffer, sizeBytes: number): boolean {
  if (head.length < LENGTH_BYTES + 1) return false;
  const length = head.readBigUInt64LE();
  return length >= 2n && length <= BigInt(sizeBytes - LENGTH_BYTES) && head[LENGTH_BYTES] === 0x7b;
}

function parsed(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isObject(header)) return header;
  } catch {
    // Told below, like any other header that is none.
  }
  throw new Unsound('its header is no JSON object');
}

function tensorsIn(header: Readonly<Record<string, unknown>>): Tensor[] {
  const { __metadata__: metadata = {}, ...tensors } = header;
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    throw new Unsound('its metadata is no list of texts');
  return Object.values(tensors).map(tensorOf);
}

function tensorOf(value: unknown): Tensor {
  const { dtype, shape, data_offsets: offsets } = (isObject(value) ? value : {}) as Record<string, unknown>;
  const bits = typeof dtype === 'string' && Object.hasOwn(BITS, dtype) ? BITS[dtype] : undefined;
  if (bits === undefined || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    throw new Unsound('a tensor lacks a known type, a shape, or its place');
  const [begin, end] = offsets as readonly [number, number];
  const wanted = shape.reduce((product, length) => product * length, 1) * bits;
  if (!Number.isSafeInteger(wanted)) throw new Unsound('a tensor has an impossible shape');
  if ((end - begin) * 8 !== wanted) throw new Unsound('a tensor has a shape that does not fit its place');
  return { begin, end };
}

function checkOrder(tensors: readonly Tensor[], dataBytes: number): void {
  let at = 0;
  for (const { begin, end } of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at || end < begin) throw new Unsound('its tensors overlap, or leave gaps');
    at = end;
  }
  if (at !== dataBytes) throw new Unsound('its tensors do not fill the file; it may not be whole');
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && (one as number) >= 0);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
