import { pack } from './packing.js';

const valueOf = (bytes: Uint8Array) => {
  const packed = pack([{ statement: 'put', values: { id: 'ä', bytes } }]);
  return { packed, value: packed.unit[0]!.values!['bytes'] as Uint8Array };
};

describe('a unit on its way to the thread', () => {
  it('takes along no more memory than its bytes need', () => {
    const large = new Uint8Array(1 << 20).fill(7);
    const { packed, value } = valueOf(large.subarray(5, 15));
    expect([value.buffer.byteLength, [...value]]).toEqual([10, Array(10).fill(7)]);
    expect(packed.transfer).toEqual([value.buffer]);
    expect(packed.bytes).toBeLessThan(1_000);
  });

  it('leaves bytes that stand alone to their owner', () => {
    const own = Uint8Array.of(1, 2, 3);
    const { packed, value } = valueOf(own);
    expect(value).toBe(own);
    expect(packed.transfer).toEqual([]);
  });

  it('weighs at least what its texts and bytes are', () => {
    expect(pack([{ statement: 'a', values: { text: 'x'.repeat(1_000) } }, { statement: 'b' }]).bytes).toBeGreaterThan(
      2_000,
    );
    expect(valueOf(new Uint8Array(5_000)).packed.bytes).toBeGreaterThan(5_000);
  });
});
