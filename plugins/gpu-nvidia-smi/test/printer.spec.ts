import { smiOptions } from '../src/options.js';
import { SmiProbe } from '../src/smi-probe.js';
import { type SmiListener, type StartPrinting } from '../src/smi-process.js';
import { HandClock, untilDone } from './support.js';

const ROUND = '0, 1, GPU-0, 24576, 24576, 1, 2, 3, [N/A], RTX 3090\n';

/** Processes that a test makes print and end; a kill is noted, and ends nothing by itself. */
class Stage {
  readonly clock = new HandClock();
  readonly starts: (readonly string[])[] = [];
  kills = 0;
  private listener: SmiListener | undefined;

  readonly start: StartPrinting = (argv, listener) => {
    this.starts.push(argv);
    this.listener = listener;
    return { kill: () => void this.kills++ };
  };

  print(text = ROUND): void {
    this.listener?.onOutput(text);
  }

  exit(how = 'exit code 9'): void {
    this.listener?.onExit(how);
  }

  /** A probe whose process has printed one round. */
  async open(): Promise<SmiProbe> {
    const opening = SmiProbe.open(smiOptions.parse({}), { clock: this.clock, start: this.start });
    this.print();
    return opening;
  }
}

/** Moves time until a call starts another process, which is left without a reading. */
async function secondsUntilStart(stage: Stage, probe: SmiProbe): Promise<number> {
  const starts = stage.starts.length;
  for (let seconds = 0; ; seconds++) {
    const controller = new AbortController();
    const sampling = probe.sample(controller.signal);
    controller.abort();
    await expect(sampling).rejects.toThrow();
    if (stage.starts.length > starts) return seconds;
    stage.clock.move(1_000);
  }
}

describe('the process that prints', () => {
  it('is asked for what is needed, in a loop (ORCH-3012)', async () => {
    const stage = new Stage();
    await stage.open();
    expect(stage.starts).toEqual([
      [
        'nvidia-smi',
        '--query-gpu=index,count,uuid,memory.total,memory.free,utilization.gpu,temperature.gpu,power.draw,ecc.errors.uncorrected.volatile.total,name',
        '--format=csv,noheader,nounits',
        '-lms',
        '1000',
      ],
    ]);
  });

  it('is started again after pauses that double up to a minute (ORCH-4506)', async () => {
    const stage = new Stage();
    const probe = await stage.open();
    const pauses: number[] = [];
    for (let failures = 0; failures < 8; failures++) {
      stage.exit();
      pauses.push(await secondsUntilStart(stage, probe));
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('begins with short pauses again after it went well for a while (ORCH-4506)', async () => {
    const stage = new Stage();
    const probe = await stage.open();
    for (let failures = 0; failures < 4; failures++) {
      stage.exit();
      await secondsUntilStart(stage, probe);
    }
    stage.clock.move(10_000);
    stage.print();
    stage.exit();
    expect(await secondsUntilStart(stage, probe)).toBe(1);
  });

  it('ends a wait for its first line by itself when nobody gives up (ORCH-4506)', async () => {
    const stage = new Stage();
    const probe = await stage.open();
    stage.exit();
    stage.clock.move(1_000);
    const sampling = probe.sample(untilDone());
    stage.print('0, 1, GPU-0, [N/A], [N/A], 1, 2, 3, [N/A], Integrated\n');
    stage.clock.move(30_000);
    await expect(sampling).rejects.toThrow('none came for 30.0 s: 0, 1, GPU-0, [N/A]');
  });

  it('is not replaced while it does not die: it may hang in the driver (ORCH-4506)', async () => {
    const stage = new Stage();
    const probe = await stage.open();
    stage.clock.move(3_001);
    for (let call = 0; call < 3; call++) {
      await expect(probe.sample(untilDone())).rejects.toThrow('none came for 3.0 s');
      stage.clock.move(60_000);
    }
    expect(stage.starts).toHaveLength(1);
    expect(stage.kills).toBe(1);
    stage.exit('signal SIGKILL');
    stage.clock.move(60_000);
    const sampling = probe.sample(untilDone());
    stage.print();
    expect(await sampling).toHaveLength(1);
    expect(stage.starts).toHaveLength(2);
  });

  it('does not lend its last readings to the next one (ORCH-4506)', async () => {
    const stage = new Stage();
    const probe = await stage.open();
    stage.exit();
    stage.clock.move(1_000);
    const sampling = probe.sample(untilDone());
    stage.exit('exit code 1');
    await expect(sampling).rejects.toThrow('it ended with exit code 1');
  });

  it('may take half a minute for its first line, and no longer (ORCH-4506)', async () => {
    const stage = new Stage();
    const opening = SmiProbe.open(smiOptions.parse({}), { clock: stage.clock, start: stage.start });
    stage.clock.move(5_000);
    const probe = await opening;
    stage.clock.move(25_000);
    const waiting = probe.sample(AbortSignal.timeout(1));
    await expect(waiting).rejects.toThrow('did not answer in time');
    expect(stage.kills).toBe(0);
    stage.clock.move(1);
    await expect(probe.sample(untilDone())).rejects.toThrow('none came for 30.0 s');
    expect(stage.kills).toBe(1);
  });

  it('may outlive close when it hangs in the driver, and close ends all the same (ORCH-4506)', async () => {
    const stage = new Stage();
    const probe = await stage.open();
    const closing = probe.close();
    expect(stage.kills).toBe(1);
    stage.clock.move(2_000);
    await closing;
    await expect(probe.sample(untilDone())).rejects.toThrow('is closed; create another');
  });
});
