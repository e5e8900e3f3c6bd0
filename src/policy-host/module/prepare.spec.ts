import { createHash } from 'node:crypto';
import { instanceOf, policy, raw, refusalOf } from '../../../test/fixtures/policy/modules.js';
import { leb, withManifest, withSection } from '../../../test/support/wat.js';
import { DEFAULT_LIMITS } from '../limits.js';
import { prepareModule } from './prepare.js';

describe('a module that is loaded', () => {
  it('comes with its digest, manifest, imports, exports and limits (OC-POLICY-4010)', async () => {
    const bytes = await policy(
      '(import "extism:host/env" "input_length" (func (result i64))) (memory 2) (func (export "warmup") (result i32) (i32.const 0)) (func (export "other"))',
      { name: 'guard', version: '2.1.0' },
    );
    const { bytes: rewritten, module, ...facts } = prepareModule(bytes);
    expect(WebAssembly.validate(rewritten)).toBe(true);
    expect(
      WebAssembly.Module.exports(module)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['__fuel', 'describe', 'memory', 'on_request', 'warmup']);
    expect(facts).toEqual({
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      manifest: expect.objectContaining({ name: 'guard', version: '2.1.0', hooks: ['on_request'] }),
      language: 'compiled',
      limits: DEFAULT_LIMITS.compiled,
      exports: ['describe', 'on_request', 'warmup'],
      imports: [{ module: 'extism:host/env', name: 'input_length' }],
      savedGlobals: [],
      needsFreshInstance: false,
      memoryPages: 2,
    });
  });

  it('gets the limits of an interpreter when it says that it is JavaScript, and those of the operator over them', async () => {
    const bytes = withSection(await policy(), 'llama-orch.language', 'javascript');
    expect(prepareModule(bytes)).toMatchObject({ language: 'javascript', limits: DEFAULT_LIMITS.javascript });
    expect(prepareModule(bytes, { fuel: 7 }).limits).toEqual({ ...DEFAULT_LIMITS.javascript, fuel: 7 });
  });

  it('is the same bytes each time, also from a part of a larger buffer', async () => {
    const bytes = await policy('(memory 1)');
    const pool = new Uint8Array(bytes.length + 20);
    pool.set(bytes, 9);
    const part = pool.subarray(9, 9 + bytes.length);
    expect(prepareModule(part)).toMatchObject({
      digest: prepareModule(bytes).digest,
      bytes: prepareModule(bytes).bytes,
    });
  });

  it('needs no memory and no globals', async () => {
    const guest = instanceOf(await policy());
    expect(guest.on_request()).toBe(0);
    expect(guest.memory).toBeUndefined();
  });

  it('exports its memory under the one name that is looked for', async () => {
    const guest = instanceOf(await policy('(memory (export "other") 1) (func (export "memory"))'));
    expect(guest.memory.buffer.byteLength).toBe(65_536);
  });

  it('keeps custom sections to itself', async () => {
    const { module } = prepareModule(withSection(await policy(), 'name', 'nonsense \0'));
    expect(WebAssembly.Module.customSections(module, 'name')).toEqual([]);
  });

  it('may import inert WASI functions and host functions that its manifest asks for (OC-POLICY-4001)', async () => {
    const imports = `(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
      (import "llama-orch:policy/v1" "ip_in" (func (param i64 i64) (result i64)))`;
    expect(prepareModule(await policy(imports, { capabilities: ['ip_in'] })).imports).toHaveLength(2);
    expect(refusalOf(await policy(imports))).toEqual({
      code: 'POLICY_IMPORT',
      message: expect.stringContaining('"ip_in", which its manifest does not ask for: add it to capabilities'),
    });
  });
});

describe('what a module keeps between calls', () => {
  it('can be saved: each mutable global is exported', async () => {
    const bytes = await policy(
      '(global i32 (i32.const 1)) (global (mut i64) (i64.const 5)) (global (mut f64) (f64.const 2))',
    );
    const { savedGlobals, module } = prepareModule(bytes);
    expect(savedGlobals).toEqual(['__g1', '__g2']);
    expect(new WebAssembly.Instance(module).exports).toMatchObject({ __g1: { value: 5n }, __g2: { value: 2 } });
  });

  it.each([
    ['table.set', '(table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))'],
    ['table.grow', '(table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 1))))'],
    ['table.fill', '(table 1 funcref) (func (table.fill (i32.const 0) (ref.null func) (i32.const 1)))'],
    ['table.copy', '(table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 1)))'],
    ['table.init', '(table 1 funcref) (elem $e func) (func (table.init $e (i32.const 0) (i32.const 0) (i32.const 0)))'],
    ['elem.drop', '(elem $e func) (func (elem.drop $e))'],
    ['data.drop', '(memory 1) (data $d "x") (func (data.drop $d))'],
    ['a vector in a global', '(global (mut v128) (v128.const i64x2 1 2))'],
    ['a reference in a global', '(global (mut funcref) (ref.null func))'],
  ])('cannot be put back after %s, so each call gets a new instance', async (_what, text) => {
    const bytes = await policy(`${text} (global (mut i32) (i32.const 0))`, {}, { simd: true });
    const prepared = prepareModule(bytes);
    expect(prepared).toMatchObject({ needsFreshInstance: true, savedGlobals: [] });
  });

  it('is not lost by reading a data segment', async () => {
    const text = '(memory 1) (data $d "x") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)))';
    expect(prepareModule(await policy(text)).needsFreshInstance).toBe(false);
  });
});

describe('memory', () => {
  it.each([
    ['no maximum', '(memory 1)', 64],
    ['a maximum over the cap', '(memory 1 65536)', 64],
    ['a maximum under the cap', '(memory 1 3)', 3],
  ])('with %s grows to its cap and no further (OC-POLICY-4011)', async (_what, text, cap) => {
    const { memory } = instanceOf(await policy(text));
    memory.grow(cap - 1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it("above the cap at the start is refused, and the cap is the operator's", async () => {
    const bytes = await policy('(memory 65536)');
    expect(refusalOf(bytes)).toEqual({
      code: 'POLICY_ABI',
      message: 'the module has 65536 pages of memory at its start; up to 64 are offered',
    });
    expect(prepareModule(await policy('(memory 65)'), { memoryPages: 65 }).memoryPages).toBe(65);
  });

  it('that a data segment misses is found when it is instantiated', async () => {
    const { module } = prepareModule(await policy('(memory 1) (data (i32.const 65536) "x")'));
    expect(() => new WebAssembly.Instance(module)).toThrow(WebAssembly.RuntimeError);
  });

  it('of tables has a cap too', async () => {
    const grow =
      '(table 1 funcref) (func (export "validate_config") (result i32) (table.grow (ref.null func) (i32.const 65536)))';
    const { module } = prepareModule(await policy(grow));
    const { validate_config } = new WebAssembly.Instance(module).exports as { validate_config: () => number };
    expect(validate_config()).toBe(-1);
  });
});

describe('bytes that are not what they seem', () => {
  it('are refused when they write to the global that the fuel will be', async () => {
    const bytes = await policy('(func (global.set 0 (i64.const 9)))');
    expect(refusalOf(bytes)).toEqual({ code: 'POLICY_ABI', message: 'the module is not valid WebAssembly' });
  });

  it('are refused when a section stands twice', () => {
    expect(refusalOf(raw([1, [0]], [1, [0]])).message).toBe('the module is not valid WebAssembly');
  });

  it.each([
    ['a section', [1, 20]],
    ['a length', [1, 0x80]],
    ['a number that never ends', [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
    ['a name', [0, 2, 9, 0x61]],
    ['a list that is said to be long', [1, 2, 0x90, 0x4e]],
  ])('are refused when %s is cut short', (_what, tail) => {
    const bytes = Buffer.concat([raw(), Buffer.from(tail)]);
    expect(refusalOf(bytes)).toEqual({
      code: 'POLICY_ABI',
      message: expect.stringMatching(/^the module is malformed at byte \d+: /),
    });
  });

  it('are read where numbers are padded with zeros', async () => {
    const [describe, hook] = [[...Buffer.from('describe')], [...Buffer.from('on_request')]];
    const bytes = raw(
      [1, [0x81, 0x80, 0x00, 0x60, 0x80, 0x00, 0x81, 0x00, 0x7f]],
      [0, [1, 0x61]],
      [3, [0x82, 0x80, 0x80, 0x80, 0x00, 0x80, 0x00, 0x00]],
      [7, [2, describe.length, ...describe, 0, 0, hook.length, ...hook, 0, 0x81, 0x80, 0x00]],
      [10, [2, 0x84, 0x00, 0, 0x41, 1, 0x0b, 7, 0x80, 0x00, 0x41, 0x85, 0x80, 0x00, 0x0b]],
    );
    expect(instanceOf(withManifest(bytes)).on_request()).toBe(5);
  });

  it('are read without recursion: 300,000 nested blocks', () => {
    const depth = 300_000;
    const guest = instanceOf(deepFunction(depth));
    expect(guest.on_request()).toBe(0);
  });

  it('may lie in their name section', async () => {
    const bytes = withSection(await policy(), 'name', '\x01\x05\x01\x00\x06__fuel');
    expect(prepareModule(bytes).exports).toEqual(['describe', 'on_request']);
  });
});

function deepFunction(depth: number): Uint8Array {
  const code = [
    0,
    ...new Array<number[]>(depth).fill([2, 0x40]).flat(),
    ...new Array<number>(depth).fill(0x0b),
    0x41,
    0,
    0x0b,
  ];
  const small = [0, 0x41, 0, 0x0b];
  const body = (bytes: number[]): number[] => [...leb(bytes.length), ...bytes];
  const named = (text: string, index: number): number[] => [text.length, ...Buffer.from(text), 0, index];
  const content = [2, ...body(small)];
  for (const byte of body(code)) content.push(byte);
  return withManifest(
    raw(
      [1, [1, 0x60, 0, 1, 0x7f]],
      [3, [2, 0, 0]],
      [7, [2, ...named('describe', 0), ...named('on_request', 1)]],
      [10, content],
    ),
  );
}
