import fc from 'fast-check';
import { policyThat } from '../../../test/fixtures/policy/modules.js';
import { programText } from '../../../test/fixtures/policy/program-text.js';
import { programs } from '../../../test/fixtures/policy/random-program.js';
import { wasmOf } from '../../../test/support/wat.js';
import { PolicyError } from '../policy-error.js';
import { inspectModule } from './inspect.js';
import { prepareModule } from './prepare.js';

const RUNS = Number(process.env['LLORCH_FUZZ_RUNS'] ?? 1_500);
const SEED = Number(process.env['LLORCH_FUZZ_SEED'] ?? 11);
const PROGRAMS = 20;
const FUEL = 50_000n;

type Mutation =
  | { readonly type: 'byte'; readonly at: number; readonly value: number }
  | { readonly type: 'remove' | 'repeat'; readonly at: number; readonly length: number }
  | { readonly type: 'insert'; readonly at: number; readonly bytes: Uint8Array };

const at = fc.nat({ max: 100_000 });
const length = fc.integer({ min: 1, max: 12 });
const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('byte' as const), at, value: fc.nat({ max: 255 }) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('remove' as const, 'repeat' as const), at, length }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('insert' as const), at, bytes: fc.uint8Array({ maxLength: 6 }) }),
    },
  ),
  { minLength: 1, maxLength: 3 },
);

function mutated(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  const place = mutation.at % bytes.length;
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (mutation.type) {
    case 'byte':
      return Buffer.concat([before, Buffer.from([mutation.value]), after.subarray(1)]);
    case 'remove':
      return Buffer.concat([before, after.subarray(mutation.length)]);
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, mutation.length), after]);
    case 'insert':
      return Buffer.concat([before, mutation.bytes, after]);
  }
}

/** Says whether the module was loaded; whatever is, ends within its fuel. */
function prepareAndRun(bytes: Uint8Array): boolean {
  try {
    run(prepareModule(bytes, { startFuel: Number(FUEL) }).module);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError);
    expect(inspectModule(bytes).problems).not.toEqual([]);
    return false;
  }
}

function run(module: WebAssembly.Module): void {
  const imports = new Proxy({}, { get: () => new Proxy({}, { get: () => () => 0n }) });
  try {
    const { on_request, __fuel: fuel } = new WebAssembly.Instance(module, imports).exports;
    (fuel as WebAssembly.Global<bigint>).value = FUEL;
    (on_request as WebAssembly.ExportedFunction)();
  } catch {
    // A trap is an ending too, and so is what comes of a host that answers nonsense.
  }
}

it('answers any bytes with a module that ends, or with a reason (OC-POLICY-4010, OC-POLICY-4011)', async () => {
  const sources = fc.sample(programs, { numRuns: PROGRAMS, seed: SEED }).map((program) => programText(program, false));
  const rich = policyThat(
    `(memory.init $d (i32.const 0) (i32.const 0) (i32.const 4)) (table.set $t (i32.const 0) (ref.func $f))
     (drop (table.grow $t (ref.null func) (i32.const 2))) (global.set $g (i64.const 77)) (elem.drop $e) (data.drop $d)
     (call_indirect $t (i32.const 0)) (i32.trunc_sat_f64_s (f64.const 1.5))`,
    `(memory 1 9) (data $d "abcd") (data (i32.const 8) "x") (table $t 4 8 funcref) (elem $e funcref (ref.func $f))
     (elem (i32.const 1) $f) (global $g (mut i64) (i64.const 1)) (func $f) (start $f)`,
  );
  const bases = [...(await Promise.all(sources.map((text) => wasmOf(text, { manifest: {} })))), await rich];
  for (const base of bases) expect(prepareAndRun(base)).toBe(true);

  const loaded = { yes: 0, no: 0 };
  const bytes = fc.tuple(fc.constantFrom(...bases), mutations).map(([base, list]) => list.reduce(mutated, base));
  fc.assert(
    fc.property(bytes, (mutant) => {
      loaded[prepareAndRun(mutant) ? 'yes' : 'no'] += 1;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(loaded.yes).toBeGreaterThan(RUNS / 40);
  expect(loaded.no).toBeGreaterThan(RUNS / 40);
});
