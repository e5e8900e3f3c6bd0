import { FakeClock } from '../../test/support/fake-clock.js';
import { type Run } from './run.js';
import { type RunLimits, Watchdog } from './watchdog.js';

const LIMITS: RunLimits = { wallMs: 10_000, idleMs: 1000, firstTokenMs: 2000, metricsMs: 1000 };

interface FakeRun {
  stopped: boolean;
  lastSignAt: number;
  startedAt: number;
  task: { firstTokenAt: number | undefined; request: { workload: 'completion' | 'embedding' } };
}

function watching(workload: 'completion' | 'embedding' = 'completion') {
  const clock = new FakeClock();
  const told: string[] = [];
  const run: FakeRun = { stopped: false, lastSignAt: 0, startedAt: 0, task: { firstTokenAt: undefined, request: { workload } } };
  const watchdog = new Watchdog(clock, {
    onLimit: (_run, limit) => {
      told.push(`${limit} at ${clock.now()}`);
      run.stopped = true;
    },
    onPulse: () => told.push(`pulse at ${clock.now()}`),
  });
  const watched = run as unknown as Run;
  watchdog.watch(watched, LIMITS);
  const token = () => {
    run.lastSignAt = clock.now();
    run.task.firstTokenAt ??= clock.now();
  };
  return { clock, told, run, token, forget: () => watchdog.forget(watched) };
}

describe('the watchdog', () => {
  it('waits for the first token as long as it may take, and tells once (ORCH-3016)', () => {
    const { clock, told } = watching();
    clock.leap(2000);
    expect(told).toEqual([]);
    clock.leap(5000);
    expect(told).toEqual(['first-token at 2050']);
  });

  it('counts silence from the last token (ORCH-3016, OC-CORE-1022)', () => {
    const { clock, told, token } = watching();
    for (let count = 0; count < 4; count++) {
      clock.leap(900);
      token();
    }
    expect(told.filter((what) => what.startsWith('idle'))).toEqual([]);
    clock.leap(1100);
    expect(told.at(-1)).toBe('idle at 4650');
  });

  it('ends a run that goes on for too long, although tokens come (ORCH-3016)', () => {
    const { clock, told, token, run } = watching();
    while (!run.stopped && clock.now() < 20_000) {
      clock.leap(500);
      token();
    }
    expect(told.at(-1)).toBe('wall at 10050');
  });

  it('knows only the wall limit for work that brings no tokens (ORCH-3016)', () => {
    const { clock, told } = watching('embedding');
    clock.leap(10_000);
    expect(told).toEqual([]);
    clock.leap(100);
    expect(told).toEqual(['wall at 10050']);
  });

  it('gives a pulse a second after the first token, then once a second (OC-METRICS-7110)', () => {
    const { clock, told, token } = watching();
    clock.leap(320);
    for (let count = 0; count < 9; count++) {
      token();
      clock.leap(400);
    }
    expect(told).toEqual(['pulse at 1350', 'pulse at 2350', 'pulse at 3350']);
  });

  it('shares one timer and gives it back when nothing is watched', () => {
    const { clock, forget } = watching();
    expect(clock.pending).toBe(1);
    clock.leap(200);
    expect(clock.pending).toBe(1);
    forget();
    clock.leap(50);
    expect(clock.pending).toBe(0);
  });
});
