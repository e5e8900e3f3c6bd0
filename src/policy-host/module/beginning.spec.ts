import { instanceOf, policy } from '../../../test/fixtures/policy/modules.js';
import { withSection } from '../../../test/support/wat.js';
import { begin } from './beginning.js';
import { prepareModule } from './prepare.js';

async function interpreter(text: string) {
  return withSection(await policy(text), 'llama-orch.language', 'javascript');
}

const BEGINNING = '(memory 1) (global (mut i32) (i32.const -5)) (data (i32.const 8) "abc") (data (i32.const 9) "X")';

describe('where instances of an interpreter begin', () => {
  it('is taken out of the module, so that policies that differ in it alone are the same code', async () => {
    const [one, other] = [
      prepareModule(await interpreter(BEGINNING)),
      prepareModule(await interpreter('(memory 1) (global (mut i32) (i32.const 70000)) (data (i32.const 8) "other")')),
    ];
    expect(Buffer.compare(one.bytes, other.bytes)).toBe(0);
    expect([one.digest === other.digest, one.beginning?.globals, other.beginning?.globals]).toEqual([
      false,
      [-5],
      [70_000],
    ]);
  });

  it('is put into each instance, later segments over earlier ones', async () => {
    const { module, beginning } = prepareModule(await interpreter(BEGINNING));
    const { exports } = new WebAssembly.Instance(module, {});
    begin(beginning!, exports);
    const memory = new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer);
    expect(Buffer.from(memory.subarray(7, 12)).toString('latin1')).toBe('\0aXc\0');
    expect((exports['__g0'] as WebAssembly.Global).value).toBe(-5);
  });

  it.each([
    ['segments that are put in place later', '(memory 1) (data "abc")'],
    ['a number of segments that is announced', '(memory 1) (data (i32.const 0) "a") (func data.drop 0)'],
    ['a global that does not change', '(memory 1) (global i32 (i32.const 1)) (data (i32.const 0) "a")'],
    ['a global of another type', '(memory 1) (global (mut i64) (i64.const 1)) (data (i32.const 0) "a")'],
    ['nothing to put in place', '(memory 1)'],
  ])('stays in a module with %s', async (_, text) => {
    expect(prepareModule(await interpreter(text)).beginning).toBeUndefined();
  });

  it('stays in modules of other languages', async () => {
    const bytes = await policy(BEGINNING);
    expect(prepareModule(bytes).beginning).toBeUndefined();
    expect(new Uint8Array(instanceOf(bytes).memory.buffer)[8]).toBe('a'.charCodeAt(0));
  });

  it('is an error when the memory is too small for it, as instantiating would be', async () => {
    const { module, beginning } = prepareModule(await interpreter('(memory 1) (data (i32.const 65535) "ab")'));
    const { exports } = new WebAssembly.Instance(module, {});
    expect(() => begin(beginning!, exports)).toThrow('out of bounds');
  });
});
