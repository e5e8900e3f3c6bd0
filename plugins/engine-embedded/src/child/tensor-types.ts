/** Elements and bytes of one block of each ggml tensor type; a type that is not listed is left to the engine. */
const BLOCKS: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  0: [1, 4], // F32
  1: [1, 2], // F16
  2: [32, 18], // Q4_0
  3: [32, 20], // Q4_1
  6: [32, 22], // Q5_0
  7: [32, 24], // Q5_1
  8: [32, 34], // Q8_0
  10: [256, 84], // Q2_K
  11: [256, 110], // Q3_K
  12: [256, 144], // Q4_K
  13: [256, 176], // Q5_K
  14: [256, 210], // Q6_K
  20: [32, 18], // IQ4_NL
  23: [256, 136], // IQ4_XS
  24: [1, 1], // I8
  25: [1, 2], // I16
  26: [1, 4], // I32
  30: [1, 2], // BF16
};

/** Bytes that a tensor takes, or 0 when its type is not known here. */
export function tensorBytes(type: number, elements: number): number {
  const block = BLOCKS[type];
  return block ? Math.ceil(elements / block[0]) * block[1] : 0;
}
