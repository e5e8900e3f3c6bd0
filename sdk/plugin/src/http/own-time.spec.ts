import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { jest } from '@jest/globals';
import { type Countdown, whenSpent } from './own-time.js';

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('whenSpent', () => {
  it('does not act when it is called off (ORCH-3054)', async () => {
    let acts = 0;
    const countdown = whenSpent(10, () => (acts += 1));
    countdown.cancel();
    await new Promise<void>((resolve) => void whenSpent(30, resolve));
    expect(acts).toBe(0);
  });

  it('takes a machine that stands still for one step, so that what came meanwhile is seen first (ORCH-3054)', async () => {
    const order: string[] = [];
    const over = new Promise<void>((resolve) => {
      whenSpent(500, () => {
        order.push('limit');
        resolve();
      });
    });
    setTimeout(() => setImmediate(() => order.push('reply')), 10);
    standStill(600);
    await over;
    expect(order).toEqual(['reply', 'limit']);
  });
});

describe('whenSpent in a thread where nothing else happens', () => {
  /** What the thread said until it ended by itself, or said something. */
  async function firstWords(code: string): Promise<unknown[]> {
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
      import(workerData).then(({ whenSpent }) => { ${code} });`,
      { eval: true, workerData: new URL('../../dist/http/own-time.js', import.meta.url).href },
    );
    const words: unknown[] = [];
    worker.on('message', (word) => {
      words.push(word);
      void worker.terminate();
    });
    await once(worker, 'exit');
    return words;
  }
  const say = (word: string): string => `() => parentPort.postMessage('${word}')`;

  it('acts when the time is over, and not with the next event (ORCH-3054)', async () => {
    const code = `whenSpent(20, ${say('limit')}, { ref: false }); setTimeout(${say('event')}, 5_000);`;
    expect(await firstWords(code)).toEqual(['limit']);
  });

  it('keeps the thread until then, if it is to (ORCH-3054)', async () => {
    expect(await firstWords(`whenSpent(20, ${say('limit')});`)).toEqual(['limit']);
    expect(await firstWords(`whenSpent(20, ${say('limit')}, { ref: false });`)).toEqual([]);
  });
});

describe('whenSpent by the clock', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each([1, 9, 14, 49, 59, 99, 2_999])('acts once after %i ms, and never early (ORCH-3054)', (ms) => {
    const act = jest.fn();
    whenSpent(ms, act);
    jest.advanceTimersByTime(ms - 1);
    expect(act).not.toHaveBeenCalled();
    jest.advanceTimersByTime(20);
    expect(act).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(10 * ms);
    expect(act).toHaveBeenCalledTimes(1);
  });

  it.each([0, -5, NaN])('takes a limit of %d for one that is over at once (ORCH-3054)', (ms) => {
    const act = jest.fn();
    whenSpent(ms, act);
    jest.advanceTimersByTime(1);
    expect(act).toHaveBeenCalledTimes(1);
  });

  it('waits for a limit that is longer than a timer can be (ORCH-3054)', () => {
    const act = jest.fn();
    whenSpent(Infinity, act);
    jest.advanceTimersByTime(2 ** 30);
    expect(act).not.toHaveBeenCalled();
  });

  it('has all of its time again after a restart (ORCH-3054)', () => {
    const act = jest.fn();
    const countdown = whenSpent(100, act);
    jest.advanceTimersByTime(95);
    countdown.restart();
    jest.advanceTimersByTime(100);
    expect(act).not.toHaveBeenCalled();
    jest.advanceTimersByTime(10);
    expect(act).toHaveBeenCalledTimes(1);
  });
});

describe('whenSpent, when the machine stands still in its last step', () => {
  let near: Socket;
  let far: Socket;

  beforeEach(async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    near = connect((server.address() as { port: number }).port, '127.0.0.1');
    [far] = (await once(server, 'connection')) as [Socket];
    server.close();
  });
  afterEach(() => {
    near.destroy();
    far.destroy();
  });

  /** Stands still while a socket is read: timers run before the next read. The limit of 5 ms is a single step. */
  function standStillBeforeReply(act: () => void, onReply: (countdown: Countdown) => void): void {
    near.once('data', () => {
      const countdown = whenSpent(5, act);
      near.once('data', () => onReply(countdown));
      far.write('reply');
      standStill(200);
    });
    far.write('request');
  }

  /** What happens, in its order, until the limit is over. */
  function orderUntilLimit(onReply: (order: string[], countdown: Countdown) => void): Promise<readonly string[]> {
    const order: string[] = [];
    return new Promise((resolve) => {
      const act = (): void => resolve([...order, 'limit']);
      standStillBeforeReply(act, (countdown) => onReply(order, countdown));
    });
  }

  it('reads first what came meanwhile (ORCH-3054)', async () => {
    expect(await orderUntilLimit((order) => order.push('reply'))).toEqual(['reply', 'limit']);
  });

  it('does not act when it is called off by what it read (ORCH-3054)', async () => {
    let acts = 0;
    await new Promise<void>((resolve) => {
      standStillBeforeReply(
        () => (acts += 1),
        (countdown) => {
          countdown.cancel();
          whenSpent(30, resolve);
        },
      );
    });
    expect(acts).toBe(0);
  });

  it('begins anew when it is restarted by what it read, and acts in the end (ORCH-3054)', async () => {
    const restart = (order: string[], countdown: Countdown): void => {
      countdown.restart();
      setImmediate(() => setImmediate(() => order.push('two turns later')));
    };
    expect(await orderUntilLimit(restart)).toEqual(['two turns later', 'limit']);
  });
});
