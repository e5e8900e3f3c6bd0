import fc from 'fast-check';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { fuelGlobal } from './code.js';
import { SECTION } from './wasm-module.js';

it('reads the unsigned numbers that it writes, also padded ones', () => {
  fc.assert(
    fc.property(fc.nat({ max: 0xffff_ffff }), (value) => {
      expect(new ByteReader(new ByteWriter(1).u32(value).done()).u32()).toBe(value);
    }),
    { seed: 1 },
  );
  expect(new ByteReader(Uint8Array.of(0x85, 0x80, 0x00)).u32()).toBe(5);
});

it('writes signed numbers as the engine reads them, exact to 2^53', () => {
  const valueOf = (value: number): unknown => {
    const exports = new ByteWriter().u32(1).name('g').byte(3, 0);
    const globals = new ByteWriter().u32(1).bytes(fuelGlobal(value));
    const module = new ByteWriter().byte(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0).byte(SECTION.global).sized(globals);
    const bytes = module.byte(SECTION.export).sized(exports).done();
    return (new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports['g'] as WebAssembly.Global).value;
  };
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => expect(valueOf(value)).toBe(BigInt(value))),
    { seed: 2, examples: [[0], [-1], [63], [64], [-64], [-65], [Number.MAX_SAFE_INTEGER], [Number.MIN_SAFE_INTEGER]] },
  );
});
