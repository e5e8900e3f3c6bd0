/**
 * How many values an instruction leaves on the stack, less those that it takes: all but control and calls. For vector
 * instructions this may be too many, never too few.
 */
export function stackEffect(opcode: number): number {
  if (opcode >= 0xfd00) return vectorEffect(opcode - 0xfd00);
  if (opcode >= 0xfc00) return bulkEffect(opcode - 0xfc00);
  return SINGLE[opcode] ?? 0;
}

const SINGLE = singleByteTable();

function singleByteTable(): Int8Array {
  const table = new Int8Array(0x100);
  const put = (effect: number, from: number, to = from): void => void table.fill(effect, from, to + 1);
  put(-1, 0x1a);
  put(-2, 0x1b, 0x1c);
  put(+1, 0x20);
  put(-1, 0x21);
  put(+1, 0x23);
  put(-1, 0x24);
  put(-2, 0x26);
  put(-2, 0x36, 0x3e);
  put(+1, 0x3f);
  put(+1, 0x41, 0x44);
  // Comparisons of two, then arithmetic of two, for each of the four types of numbers.
  put(-1, 0x46, 0x4f);
  put(-1, 0x51, 0x66);
  put(-1, 0x6a, 0x78);
  put(-1, 0x7c, 0x8a);
  put(-1, 0x92, 0x98);
  put(-1, 0xa0, 0xa6);
  put(+1, 0xd0);
  put(+1, 0xd2);
  return table;
}

/** Conversions, then bulk operations, most of which take three values. */
function bulkEffect(code: number): number {
  if (code < 0x08 || code === 0x09 || code === 0x0d) return 0;
  if (code === 0x0f) return -1;
  return code === 0x10 ? +1 : -3;
}

function vectorEffect(code: number): number {
  if (code === 12) return +1;
  return code === 11 || (code >= 88 && code <= 91) ? -2 : 0;
}
