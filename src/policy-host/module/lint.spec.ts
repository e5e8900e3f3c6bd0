import { instanceOf, policy, raw, refusalOf, type Guest } from '../../../test/fixtures/policy/modules.js';
import { leb, wasmOf, withManifest, withSection } from '../../../test/support/wat.js';
import { MODULE_LIMITS } from '../limits.js';
import { prepareModule } from './prepare.js';

describe('an import', () => {
  it.each([
    [
      'of an unknown module',
      '(import "env" "abort" (func))',
      '"env" "abort"; offered are functions of extism:host/env, llama-orch:policy/v1, wasi_snapshot_preview1',
    ],
    [
      'of a second way out',
      '(import "extism:host/env" "http_request" (func (param i64 i64) (result i64)))',
      '"http_request"; offered are alloc, free, length',
    ],
    [
      'of state that outlives the call',
      '(import "extism:host/env" "var_get" (func (param i64) (result i64)))',
      '"var_get"',
    ],
    ['named as a member of every object', '(import "extism:host/env" "constructor" (func))', '"constructor"'],
    ['from a module named so', '(import "__proto__" "toString" (func))', '"__proto__"'],
    [
      'of a newer ABI',
      '(import "llama-orch:policy/v1" "teleport" (func))',
      '"teleport"; offered are ip_in, host_match',
    ],
    ['of another WASI', '(import "wasi_unstable" "fd_write" (func))', '"wasi_unstable"'],
    [
      'with another type',
      '(import "extism:host/env" "alloc" (func (param i32) (result i32)))',
      '"alloc" as (i32) -> i32; it is offered as (i64) -> i64',
    ],
    [
      'with a type that host functions cannot take',
      '(import "extism:host/env" "free" (func (param externref)))',
      '(another type) -> ()',
    ],
    [
      'of a memory',
      '(import "extism:host/env" "memory" (memory 1))',
      'imports the memory "extism:host/env" "memory"; only functions are offered',
    ],
    ['of a table', '(import "a" "t" (table 1 funcref))', 'imports the table'],
    ['of a global', '(import "a" "g" (global i32))', 'imports the global'],
    [
      'of the fuel itself',
      '(import "extism:host/env" "__fuel" (global (mut i64)))',
      'imports the global "extism:host/env" "__fuel"',
    ],
    ['of a function of that name', '(import "extism:host/env" "__fuel" (func))', '"__fuel"'],
  ])('%s is refused (OC-POLICY-4010)', async (_what, text, message) => {
    expect(refusalOf(await policy(text))).toEqual({ code: 'POLICY_IMPORT', message: expect.stringContaining(message) });
  });

  it('with a long name is refused in few words', async () => {
    const { message } = refusalOf(await policy(`(import "${'x'.repeat(5_000)}" "y" (func))`));
    expect(message.length).toBeLessThan(300);
  });

  it('cannot stand in for a hook', async () => {
    const text = `(module (import "wasi_snapshot_preview1" "sched_yield" (func $y (result i32)))
      (func (export "describe") (result i32) (i32.const 0)) (export "on_request" (func $y)))`;
    expect(refusalOf(await wasmOf(text, { manifest: {} })).message).toContain('has to be its own function () -> i32');
  });
});

describe('a feature beyond core WebAssembly 2.0', () => {
  it.each([
    ['tail calls', '(func $f (return_call $f))', { tail_call: true }],
    ['exceptions', '(tag $e) (func (throw $e))', { exceptions: true }],
    [
      'relaxed SIMD',
      '(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))',
      { simd: true, relaxed_simd: true },
    ],
    ['a shared memory', '(memory 1 1 shared)', { threads: true }],
    ['a 64-bit memory', '(memory i64 1)', { memory64: true }],
    ['threads', '(memory 1) (func (drop (i32.atomic.load (i32.const 0))))', { threads: true }],
  ])('is refused: %s', async (what, text, features) => {
    expect(refusalOf(await policy(text, {}, features))).toEqual({
      code: 'POLICY_ABI',
      message: expect.stringContaining(what),
    });
  });

  it.each([
    ['a struct type', raw([1, [1, 0x5f, 0]]), "a type that is not a function's"],
    ['a recursive group', raw([1, [1, 0x4e, 1, 0x60, 0, 0]]), "a type that is not a function's"],
    ['a typed reference', raw([1, [1, 0x60, 1, 0x64, 0, 0]]), 'garbage collection'],
    ['two memories', raw([5, [2, 0, 1, 0, 1]]), 'more than one memory'],
    ['another page size', raw([5, [1, 8, 1, 0]]), 'a memory of an unknown kind'],
    ['a table of 64 bits', raw([4, [1, 0x70, 4, 1]]), 'a 64-bit table'],
    ['a table with initial values', raw([4, [1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b]]), 'typed function references'],
    ['a tag', raw([13, [1, 0, 0]]), 'exceptions'],
    ['a section of strings', raw([14, [0]]), 'the unknown kind 14'],
    ['a component', Buffer.from('0061736d0d000100', 'hex'), 'is a component; core WebAssembly modules are loaded'],
    ['another version', Buffer.from('0061736d02000000', 'hex'), 'does not begin like a WebAssembly module'],
    ['text', Buffer.from('(module)'), 'does not begin like a WebAssembly module'],
    ['nothing', new Uint8Array(), 'does not begin like a WebAssembly module'],
  ])('is refused: %s', (_what, bytes, message) => {
    expect(refusalOf(bytes)).toEqual({ code: 'POLICY_ABI', message: expect.stringContaining(message) });
  });

  it('does not include SIMD, whose instructions run and are counted', async () => {
    const text = `(memory 1) (func (export "validate_config") (result i32)
      (v128.store (i32.const 0) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i64x2 1 2) (v128.load (i32.const 16))))
      (v128.store8_lane offset=3 15 (i32.const 1) (v128.const i64x2 1 2))
      (i32x4.extract_lane 0 (v128.load8_lane 1 (i32.const 2) (i32x4.splat (i32.const 9)))))`;
    const guest = instanceOf(await policy(text, {}, { simd: true })) as Guest & { validate_config: () => number };
    guest.__fuel.value = 100n;
    expect(guest.validate_config()).toBe(9);
    expect(guest.__fuel.value).toBe(86n);
  });
});

describe('an export', () => {
  it.each(['__fuel', '__g0', '__data_end'])("named %s is refused: such names are the host's", async (name) => {
    expect(refusalOf(await policy(`(global (export "${name}") i32 (i32.const 0))`))).toEqual({
      code: 'POLICY_ABI',
      message: `the module exports "${name}"; names beginning with __ are the host's: do not export it`,
    });
  });

  it.each([
    [
      'that is missing',
      { hooks: ['on_response' as const] },
      '',
      'does not export on_response; it has to, as () -> i32',
    ],
    [
      'that takes something',
      {},
      '(func (export "warmup") (param i32) (result i32) (i32.const 0))',
      'exports warmup as (i32) -> i32',
    ],
    [
      'that sets up a runtime from something',
      {},
      '(func (export "_initialize") (param i32))',
      'exports _initialize as (i32) -> (); it has to be its own function () -> ()',
    ],
    [
      'that is no function',
      {},
      '(global (export "warmup") i32 (i32.const 0))',
      'exports warmup as something that is not its own function',
    ],
  ])('%s is refused', async (_what, manifest, text, message) => {
    expect(refusalOf(await policy(text, manifest))).toEqual({
      code: 'POLICY_ABI',
      message: expect.stringContaining(message),
    });
  });
});

describe('sizes', () => {
  const functions = (count: number): string => '(func)'.repeat(count);

  it('of 20,000 functions pass and 20,001 do not', async () => {
    expect(prepareModule(await policy(functions(MODULE_LIMITS.functions - 2))).exports).toHaveLength(2);
    expect(refusalOf(await policy(functions(MODULE_LIMITS.functions - 1))).message).toBe(
      'the module has 20001 functions; up to 20000 are offered',
    );
  });

  it('of a function are at most 1 MiB', async () => {
    const body = (bytes: number): string => `(func ${'nop '.repeat(bytes)})`;
    const overhead = 2;
    const { bytes } = prepareModule(await policy(body(MODULE_LIMITS.bodyBytes - overhead)));
    expect(bytes.length).toBeGreaterThan(MODULE_LIMITS.bodyBytes);
    expect(refusalOf(await policy(body(MODULE_LIMITS.bodyBytes))).message).toContain('bytes in one function');
  });

  it('of a module are at most 4 MiB', async () => {
    const bytes = withSection(await policy(), 'padding', 'x'.repeat(MODULE_LIMITS.bytes));
    expect(refusalOf(bytes).message).toMatch(/^the module has \d+ bytes; up to 4194304 are loaded$/);
  });

  it.each([
    ['tables', '(table 0 funcref)'.repeat(9), 'the module has 9 tables'],
    ['entries of a table', '(table 10000000 funcref)', 'the module has 10000000 entries in a table'],
    ['globals', '(global i32 (i32.const 0))'.repeat(10_001), 'the module has 10001 globals'],
    ['parameters', `(func (param ${'i32 '.repeat(65)}))`, 'the module has 65 parameters of one function or block'],
    [
      'results',
      `(func (result ${'i32 '.repeat(17)}) unreachable)`,
      'the module has 17 results of one function or block',
    ],
    ['locals', `(func (local ${'i64 '.repeat(50_000)}))`.repeat(21), 'locals in all functions'],
  ])('of %s are bounded', async (_what, text, message) => {
    expect(refusalOf(await policy(text))).toEqual({ code: 'POLICY_ABI', message: expect.stringContaining(message) });
  });

  it.each([
    ['types', 1, [0x60, 0, 0]],
    ['imports', 2, [0, 0, 0, 0]],
    ['segments', 9, [1, 0, 0]],
  ])('of sections are bounded before they are read: %s', (_what, id, entry) => {
    const count = 100_001;
    const content = [...leb(count), ...Array.from({ length: count }, () => entry).flat()];
    expect(refusalOf(raw([id, content]))).toEqual({
      code: 'POLICY_ABI',
      message: `the module has 100001 entries in section ${id}; up to 100000 are read`,
    });
  });

  it('are bounded where a compiler would take seconds: many values over many blocks', async () => {
    const inLocals = `(func (local ${'i64 '.repeat(20_000)}) ${'loop nop end '.repeat(1_000)})`;
    const onStack = `(func ${'i32.const 0 '.repeat(20_000)} ${'loop nop end '.repeat(1_000)} ${'drop '.repeat(20_000)})`;
    for (const text of [inLocals, onStack]) {
      expect(refusalOf(await policy(text)).message).toContain('summed over its blocks; up to 10000000 are offered');
    }
  });
});

describe('a module without its manifest', () => {
  it('is refused, as is one with two', async () => {
    const bare = raw();
    expect(refusalOf(bare).message).toBe('the module has no custom section llama-orch.policy with its manifest');
    const twice = withManifest(withManifest(bare), { name: 'another' });
    expect(refusalOf(twice).message).toBe('the module has more than one custom section llama-orch.policy');
  });
});
