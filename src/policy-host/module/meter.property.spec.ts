import fc from 'fast-check';
import { NAIVE_LIMIT, programText } from '../../../test/fixtures/policy/program-text.js';
import { programs, type Program } from '../../../test/fixtures/policy/random-program.js';
import { wasmOf } from '../../../test/support/wat.js';
import { meterModule } from './meter.js';
import { readCoreModule } from './prepare.js';
import { rewriteModule } from './rewrite.js';

const RUNS = Number(process.env['LLORCH_METER_RUNS'] ?? 150);
const SEED = Number(process.env['LLORCH_METER_SEED'] ?? 7);
const PLENTY = 1_000_000_000n;

/** What a run leaves behind. */
interface Ending {
  readonly result: unknown;
  readonly isTrap: boolean;
  readonly seen: unknown;
  readonly memory: string;
}

interface Guest {
  readonly on_request: WebAssembly.ExportedFunction;
  readonly memory: WebAssembly.Memory;
  readonly seen?: WebAssembly.Global<number>;
  readonly count?: WebAssembly.Global<bigint>;
  readonly __g0?: WebAssembly.Global<number>;
  readonly __fuel?: WebAssembly.Global<bigint>;
}

function guestOf(module: WebAssembly.Module): Guest {
  const imports = { 'extism:host/env': { free: () => undefined } };
  return new WebAssembly.Instance(module, imports).exports as unknown as Guest;
}

function endingOf(guest: Guest): Ending {
  const attempt = (): Pick<Ending, 'result' | 'isTrap'> => {
    try {
      return { result: guest.on_request(), isTrap: false };
    } catch {
      return { result: undefined, isTrap: true };
    }
  };
  const outcome = attempt();
  const memory = Buffer.from(guest.memory.buffer).toString('latin1');
  return { ...outcome, seen: (guest.seen ?? guest.__g0)?.value, memory };
}

function meteredRun(module: WebAssembly.Module, fuel: bigint): { ending: Ending; left: bigint } {
  const guest = guestOf(module);
  if (guest.__fuel === undefined) throw new Error('the rewritten module has no fuel global');
  guest.__fuel.value = fuel;
  return { ending: endingOf(guest), left: guest.__fuel.value };
}

interface Comparison {
  readonly kind: 'ended' | 'trapped' | 'endless';
  readonly used: bigint;
  /** What a meter counts that ticks in front of every instruction. */
  readonly count: bigint;
}

/** Runs a program as it is, with its ticks, and as it is rewritten with some slack. */
async function compare(program: Program, slack?: number): Promise<Comparison> {
  const plain = await wasmOf(programText(program, false));
  const naive = guestOf(new WebAssembly.Module(await wasmOf(programText(program, true))));
  const expected = endingOf(naive);
  const count = naive.count?.value ?? 0n;
  const module = rewritten(plain, slack);

  if (count > NAIVE_LIMIT) {
    const { left } = meteredRun(module, BigInt(NAIVE_LIMIT));
    expect(left).toBeLessThan(0n);
    return { kind: 'endless', used: count, count };
  }
  const { ending, left } = meteredRun(module, PLENTY);
  const used = PLENTY - left;
  expect(ending).toEqual(expected);
  expect(endingOf(guestOf(new WebAssembly.Module(plain)))).toEqual(expected);
  expect(meteredRun(module, used)).toEqual({ ending, left: 0n });
  const tooLittle = meteredRun(module, used - 1n);
  expect(tooLittle.ending.isTrap).toBe(true);
  expect(tooLittle.left).toBeLessThan(0n);
  return { kind: ending.isTrap ? 'trapped' : 'ended', used, count };
}

function rewritten(bytes: Uint8Array<ArrayBuffer>, slack?: number): WebAssembly.Module {
  const module = readCoreModule(bytes);
  const limits = { startFuel: 0, memoryPages: 64, tableEntries: 100, keep: ['on_request'] };
  return new WebAssembly.Module(rewriteModule(module, meterModule(module, slack), limits).bytes);
}

async function everyProgram(slack: number | undefined, check: (found: Comparison) => void): Promise<void> {
  const seen = new Set<string>();
  const property = fc.asyncProperty(programs, async (program) => {
    const found = await compare(program, slack);
    seen.add(found.kind);
    check(found);
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  expect([...seen].sort()).toEqual(['ended', 'endless', 'trapped']);
}

it('charges for every instruction that runs, and changes nothing that a program does (OC-POLICY-4011)', () =>
  everyProgram(undefined, ({ used, count }) => expect(used).toBeGreaterThanOrEqual(count)));

it('charges exactly for what runs to its end when no site is merged into another (OC-POLICY-4011)', () =>
  everyProgram(0, ({ kind, used, count }) => {
    expect(used).toBeGreaterThanOrEqual(count);
    if (kind === 'ended') expect(used).toBe(count);
  }));
