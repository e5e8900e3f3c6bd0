import { Job } from '../src/child/job.js';
import { Outbox } from '../src/child/outbox.js';
import { type RunnerFrame } from '../src/protocol.js';
import { requestFor, text } from './support/replica.js';

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
const delta = (id: number): RunnerFrame => ({ type: 'delta', id, text: 'x', tokens: 1 });

/** A pipe that takes a message only when the test says so. */
function slowPipe() {
  const sent: (readonly RunnerFrame[])[] = [];
  const taken: (() => void)[] = [];
  const outbox = new Outbox((frames, done) => {
    sent.push(frames);
    taken.push(done);
  }, 4);
  return { outbox, sent, take: () => taken.shift()?.() };
}

describe('frames to the daemon', () => {
  it('of one tick travel in one message', async () => {
    const { outbox, sent } = slowPipe();
    [1, 2, 3].forEach((id) => outbox.push(delta(id)));
    await tick();
    expect(sent).toEqual([[delta(1), delta(2), delta(3)]]);
  });

  it('gather while the pipe is busy, and decoding waits until it has room', async () => {
    const { outbox, sent, take } = slowPipe();
    outbox.push(delta(0));
    await tick();
    [1, 2, 3, 4].forEach((id) => outbox.push(delta(id)));
    expect(outbox.full).toBe(true);
    let drained = false;
    const waiting = outbox.drained().then(() => (drained = true));
    await tick();
    expect(drained).toBe(false);
    take();
    await waiting;
    expect(sent).toHaveLength(2);
    expect(sent[1]).toHaveLength(4);
  });
});

describe('a job', () => {
  const start = () => new Job({ type: 'generate', id: 1, ...requestFor(text('a')) });

  it('stands still while it is paused', async () => {
    const job = start();
    job.pause();
    let moved = false;
    const ready = job.ready().then(() => (moved = true));
    await tick();
    expect(moved).toBe(false);
    job.resume();
    await ready;
  });

  it('that is cancelled leaves its pause, and takes no other', async () => {
    const job = start();
    job.pause();
    const ready = job.ready();
    job.cancel();
    await ready;
    job.pause();
    await job.ready();
    expect(job.cancelled).toBe(true);
  });
});
