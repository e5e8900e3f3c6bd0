import { FakeClock } from '../../test/support/fake-clock.js';
import { type Run } from './run.js';
import { type RunLimits, Watchdog } from './watchdog.js';

const LIMITS: RunLimits = { wallMs: 10_000, idleMs: 1000, firstTokenMs: 2000, metricsMs: 1000 };

/** How late the shared tick may be. */
const TICK_MS = 100;

interface FakeRun {
  stopped: boolean;
  lastSignAt: number;
  startedAt: number;
  progressReports: number;
  reportProgress(): void;
  readonly hasDecoded: boolean;
  task: { firstTokenAt: number | undefined; request: { workload: 'completion' | 'embedding' } };
}

function watching(workload: 'completion' | 'embedding' = 'completion') {
  const clock = new FakeClock();
  const told: { readonly what: string; readonly at: number }[] = [];
  const looks: number[] = [];
  const run: FakeRun = {
    stopped: false,
    lastSignAt: 0,
    startedAt: 0,
    progressReports: 0,
    reportProgress: () => void run.progressReports++,
    get hasDecoded() {
      return run.task.firstTokenAt !== undefined;
    },
    task: { firstTokenAt: undefined, request: { workload } },
  };
  const watchdog = new Watchdog(clock, {
    onLimit: (_run, limit) => {
      told.push({ what: limit, at: clock.now() });
      run.stopped = true;
    },
    onLook: () => looks.push(clock.now()),
    onPulse: () => told.push({ what: 'pulse', at: clock.now() }),
  });
  const watched = run as unknown as Run;
  watchdog.watch(watched, LIMITS);
  const token = () => {
    run.lastSignAt = clock.now();
    run.task.firstTokenAt ??= clock.now();
  };
  return { clock, told, looks, run, token, forget: () => watchdog.forget(watched) };
}

type Told = ReturnType<typeof watching>['told'];

function expectLast(told: Told, what: string, limitAt: number): void {
  expect(told.at(-1)?.what).toBe(what);
  expect(told.at(-1)!.at).toBeGreaterThan(limitAt);
  expect(told.at(-1)!.at).toBeLessThanOrEqual(limitAt + TICK_MS);
}

describe('the watchdog', () => {
  it('waits for the first token as long as it may take, and tells once (ORCH-3016)', () => {
    const { clock, told } = watching();
    clock.leap(2000);
    expect(told).toEqual([]);
    clock.leap(5000);
    expect(told).toHaveLength(1);
    expectLast(told, 'first-token', 2000);
  });

  it('counts silence from the last token (ORCH-3016, OC-CORE-1022)', () => {
    const { clock, told, token } = watching();
    for (let count = 0; count < 4; count++) {
      clock.leap(900);
      token();
    }
    expect(told.filter(({ what }) => what === 'idle')).toEqual([]);
    clock.leap(1100);
    expectLast(told, 'idle', 4600);
  });

  it('ends a run that goes on for too long, although tokens come (ORCH-3016)', () => {
    const { clock, told, token, run } = watching();
    while (!run.stopped && clock.now() < 20_000) {
      clock.leap(500);
      token();
    }
    expectLast(told, 'wall', 10_000);
  });

  it('looks at each tick at what decodes, and at nothing else (ORCH-4407)', () => {
    const { clock, looks, run, token } = watching();
    clock.leap(500);
    expect(looks).toEqual([]);
    token();
    clock.leap(3 * TICK_MS);
    expect(looks).toHaveLength(3);
    run.stopped = true;
    clock.leap(500);
    expect(looks).toHaveLength(3);
  });

  it('knows only the wall limit for work that brings no tokens (ORCH-3016)', () => {
    const { clock, told } = watching('embedding');
    clock.leap(10_000);
    expect(told).toEqual([]);
    clock.leap(100);
    expectLast(told, 'wall', 10_000);
  });

  it('gives a pulse a second after the first token, then once a second (OC-METRICS-7110)', () => {
    const { clock, told, token } = watching();
    clock.leap(320);
    for (let count = 0; count < 9; count++) {
      token();
      clock.leap(400);
    }
    expect(told.map(({ what }) => what)).toEqual(['pulse', 'pulse', 'pulse']);
    expect(told[0]!.at).toBeGreaterThanOrEqual(1320);
    expect(told[0]!.at).toBeLessThanOrEqual(1320 + TICK_MS);
    expect(told.slice(1).every(({ at }, index) => at - told[index]!.at >= 1000)).toBe(true);
  });

  it('reports progress when tokens came since it looked last, not for each of them (OC-POOL-3005)', () => {
    const { clock, token, run } = watching();
    clock.leap(500);
    expect(run.progressReports).toBe(0);
    for (let count = 0; count < 50; count++) {
      token();
      clock.leap(10);
    }
    expect(run.progressReports).toBeGreaterThanOrEqual(4);
    expect(run.progressReports).toBeLessThanOrEqual(6);
    const before = run.progressReports;
    clock.leap(2 * TICK_MS);
    const after = run.progressReports;
    clock.leap(3 * TICK_MS);
    expect([after - before <= 1, run.progressReports]).toEqual([true, after]);
  });

  it('shares one timer and gives it back when nothing is watched', () => {
    const { clock, forget } = watching();
    expect(clock.pending).toBe(1);
    clock.leap(200);
    expect(clock.pending).toBe(1);
    forget();
    clock.leap(TICK_MS);
    expect(clock.pending).toBe(0);
  });
});
