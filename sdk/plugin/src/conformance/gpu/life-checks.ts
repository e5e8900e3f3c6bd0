import { type GpuProbe } from '../../contracts/gpu.js';
import { demand, eventually } from '../demand.js';
import { type Check, skip } from '../kit.js';
import { countLasting, leftovers } from '../leftovers.js';
import { type GpuBench, type ReadyProbe } from './gpu-bench.js';

const CALLS = ['inventory', 'sample'] as const;
type Call = (typeof CALLS)[number];

/** What happens when calls are given up, sources fail and probes end. */
export const lifeChecks: readonly Check<GpuBench>[] = [
  {
    name: 'GP-11 rejects a call whose signal is aborted already',
    async run(bench) {
      for (const call of CALLS) {
        const isRefused = (await rejection(bench, bench.probe, call, AbortSignal.abort())) !== undefined;
        demand(isRefused, `${call} answered although its signal was aborted; begin with signal.throwIfAborted().`);
      }
    },
  },
  whileHung('GP-12 settles when the signal aborts while the source hangs', async (bench, { probe }) => {
    for (const call of CALLS) await giveUp(bench, probe, call);
  }),
  {
    name: 'GP-13 answers again when a source that hung goes on',
    async run(bench) {
      if (!bench.source.hang) return skip('the fixture cannot make the source hang');
      await bench.withAnother(async (ready) => {
        await hang(bench, ready, () => giveUp(bench, ready.probe, 'sample'));
        const recovers = await eventually(() => isAnswering(bench, ready.probe), bench.patienceMs);
        demand(recovers, 'sample did not recover after the source went on; try the source again with each call.');
      });
    },
  },
  {
    name: 'GP-14 rejects samples with an Error when the source vanishes',
    async run(bench) {
      if (!bench.source.vanish) return skip('the fixture cannot take the source away');
      await bench.withAnother(async ({ probe, source }) => {
        await bench.sample(probe);
        await source.vanish?.();
        const rejects = await eventually(async () => !(await isAnswering(bench, probe)), bench.patienceMs);
        demand(rejects, 'sample still answers although its source is gone; reject, the host keeps what it knew.');
      });
    },
  },
  {
    name: 'GP-15 takes a second close and refuses calls after it',
    async run(bench) {
      await bench.withAnother(async ({ probe }) => {
        await bench.inventory(probe);
        await bench.inTime(probe.close(), 'close is stuck.');
        await bench.inTime(probe.close(), 'A second close is stuck.');
        for (const call of CALLS) {
          const isRefused = (await rejection(bench, probe, call, new AbortController().signal)) !== undefined;
          demand(isRefused, `${call} answered after close; reject with an Error.`);
        }
      });
    },
  },
  whileHung('GP-16 closes while the source hangs', async (bench, { probe }) => {
    const running = giveUp(bench, probe, 'sample');
    await bench.inTime(probe.close(), 'close is stuck while the source hangs; do not wait for an answer.');
    await running;
  }),
  {
    name: 'GP-17 leaves another probe of the same source alone when it closes',
    async run(bench) {
      const beside = await bench.createBeside();
      await bench.sample(beside);
      await bench.inTime(beside.close(), 'close is stuck.');
      const answers = await isAnswering(bench, bench.probe);
      demand(answers, 'sample fails since another probe of the source was closed; share nothing that close ends.');
    },
  },
  {
    name: 'GP-18 leaves no timer, socket or process behind',
    async run(bench) {
      const before = countLasting();
      await bench.withAnother(async ({ probe }) => {
        await bench.inventory(probe);
        await bench.sample(probe);
      });
      const isClean = await eventually(() => leftovers(before).length === 0, bench.patienceMs);
      demand(
        isClean,
        `After close there is still: ${leftovers(before).join(', ')}. End timers, sockets and processes.`,
      );
    },
  },
];

function whileHung(name: string, examine: (bench: GpuBench, ready: ReadyProbe) => Promise<void>): Check<GpuBench> {
  return {
    name,
    async run(bench) {
      if (!bench.source.hang) return skip('the fixture cannot make the source hang');
      await bench.withAnother((ready) => hang(bench, ready, () => examine(bench, ready)));
    },
  };
}

/** Runs `examine` while the source hangs, and lets it go on in every case. */
async function hang(bench: GpuBench, { probe, source }: ReadyProbe, examine: () => Promise<void>): Promise<void> {
  await bench.sample(probe);
  await source.hang?.();
  try {
    await examine();
  } finally {
    await source.goOn?.();
  }
}

/** Calls, lets the call get under way, and aborts it; it may answer or reject, but soon. */
async function giveUp(bench: GpuBench, probe: GpuProbe, call: Call): Promise<void> {
  const controller = new AbortController();
  const outcome = rejection(bench, probe, call, controller.signal);
  setImmediate(() => controller.abort());
  await outcome;
}

async function isAnswering(bench: GpuBench, probe: GpuProbe): Promise<boolean> {
  return (await rejection(bench, probe, 'sample', new AbortController().signal)) === undefined;
}

/** What the call rejected with, undefined when it answered; a failed check when it does neither. */
async function rejection(
  bench: GpuBench,
  probe: GpuProbe,
  call: Call,
  signal: AbortSignal,
): Promise<Error | undefined> {
  const settled = probe[call](signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const failure = await bench.inTime(settled, `${call} is stuck; heed the signal and the end of the source.`);
  if (failure === undefined) return undefined;
  // A signal's own reason is a DOMException, which some test frameworks bring from another realm.
  const isError = failure.error instanceof Error || isNamedError(failure.error);
  demand(isError, `${call} rejected with ${String(failure.error)}; reject with an Error that says what happened.`);
  return failure.error as Error;
}

function isNamedError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && 'message' in value;
}
