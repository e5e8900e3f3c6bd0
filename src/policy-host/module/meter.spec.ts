import { instanceOf, policy, policyThat } from '../../../test/fixtures/policy/modules.js';
import { prepareModule } from './prepare.js';

describe('fuel', () => {
  it('starts with what instantiation, description and warm-up may take together (OC-POLICY-4011)', async () => {
    expect(instanceOf(await policy()).__fuel.value).toBe(200_000_000n);
  });

  it('leaves the start section to the host, which bounds it and can tell why it failed', async () => {
    const { module } = prepareModule(await policy('(func $s (loop (br 0))) (start $s)'), { startFuel: 1_000 });
    const { __start: start, __fuel: fuel } = new WebAssembly.Instance(module).exports;
    expect(() => (start as WebAssembly.ExportedFunction)()).toThrow(WebAssembly.RuntimeError);
    expect((fuel as WebAssembly.Global<bigint>).value).toBeLessThan(0n);
  });

  it('stays below 0 once it is spent, so that the cause can be read and every later call traps too', async () => {
    const guest = instanceOf(await policyThat('(loop (br 0)) (i32.const 0)'));
    guest.__fuel.value = 1_000n;
    expect(() => guest.on_request()).toThrow(WebAssembly.RuntimeError);
    expect(guest.__fuel.value).toBeLessThan(0n);
    expect(() => guest.on_request()).toThrow(WebAssembly.RuntimeError);
  });

  it.each([
    ['an instruction', '(drop (i32.const 1))', 2],
    ['nothing but delimiters', 'block loop end end', 0],
    ['a call', '(call $callee)', 4],
    ['a call of the host', '(call $host (i64.const 0))', 101],
    ['an indirect call', '(call_indirect (i32.const 0))', 5],
    ['an entry of a function with locals', '(call $roomy)', 4 + 10],
    ['a fill of 800 bytes', '(memory.fill (i32.const 0) (i32.const 1) (i32.const 800))', 3 + 40 + 100],
    ['a copy of 80 bytes', '(memory.copy (i32.const 0) (i32.const 1) (i32.const 80))', 3 + 8 + 10],
    ['a copy from a segment', '(memory.init $d (i32.const 0) (i32.const 0) (i32.const 8))', 3 + 8 + 1],
    ['two more pages', '(drop (memory.grow (i32.const 2)))', 3 + 200 + 2 * 8_192],
    ['more pages than there can be', '(drop (memory.grow (i32.const -1)))', 3 + 200 + 64 * 8_192],
    ['ten entries of a table', '(table.fill (i32.const 0) (ref.null func) (i32.const 10))', 3 + 8 + 160],
  ])('is taken for %s', async (_what, code, price) => {
    const around = `(import "extism:host/env" "free" (func $host (param i64)))
      (memory 1) (data $d "12345678") (table 20 funcref) (elem (i32.const 0) $callee)
      (func $callee) (func $roomy (local ${'i32 '.repeat(40)}))`;
    const bytes = await policyThat(`${code} (i32.const 0)`, around);
    const guest = instanceOf(bytes, { 'extism:host/env': { free: () => undefined } });
    const before = guest.__fuel.value;
    expect(guest.on_request()).toBe(0);
    expect(before - guest.__fuel.value).toBe(BigInt(price + 1));
  });

  it.each([
    ['large cases of an interpreter one by one', 50, 0],
    ['small ones together, up to 32 for those that are skipped', 10, 32],
  ])('is taken for %s', async (_what, size, slack) => {
    const labels = Array.from({ length: 100 }, (_, at) => at);
    const dispatch = `${'block '.repeat(labels.length)} i32.const 70 br_table ${labels.join(' ')}`;
    const cases = `end ${'nop '.repeat(size)} i32.const 0 return `.repeat(labels.length);
    const guest = instanceOf(await policyThat(`${dispatch} ${cases} i32.const 0`));
    guest.__fuel.value = 1_000n;
    guest.on_request();
    const more = 1_000 - Number(guest.__fuel.value) - (2 + size + 2);
    expect(more).toBeGreaterThanOrEqual(0);
    expect(more).toBeLessThanOrEqual(slack);
  });

  it('is taken in full for a host function behind a table', async () => {
    const around = `(type $t (func (param i64))) (import "extism:host/env" "free" (func $host (type $t)))
      (table 1 funcref) (elem (i32.const 0) $host)`;
    const bytes = await policyThat('(call_indirect (type $t) (i64.const 1) (i32.const 0)) (i32.const 0)', around);
    const guest = instanceOf(bytes, { 'extism:host/env': { free: () => undefined } });
    guest.__fuel.value = 1_000n;
    guest.on_request();
    expect(guest.__fuel.value).toBe(1_000n - 103n);
  });
});
