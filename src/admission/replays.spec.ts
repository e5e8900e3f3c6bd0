import { FakeClock } from '../../test/support/fake-clock.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { AppError } from '../kernel/errors.js';
import { AnswerStore, type RememberedAnswer } from '../tasks/task-store.js';
import { Replays } from './replays.js';

const HOUR = 3_600_000;

class MemoryAnswers extends AnswerStore {
  readonly answers = new Map<string, RememberedAnswer>();
  isFull = false;
  looks = 0;

  override async names(): Promise<readonly string[]> {
    return [...this.answers.keys()];
  }

  override async find(name: string): Promise<RememberedAnswer | undefined> {
    this.looks++;
    return this.answers.get(name);
  }

  override async remember(answer: RememberedAnswer): Promise<void> {
    if (this.isFull) throw new Error('the disk is full');
    this.answers.set(answer.name, answer);
  }
}

function remembering(store?: AnswerStore, clock = new FakeClock()) {
  const replays = new Replays({ clock, logger: new QuietLogger(), ...(store && { store }) }, HOUR);
  let effects = 0;
  const effect = async () => ++effects;
  return { clock, replays, effect, count: () => effects };
}

describe('replays', () => {
  it('run an effect once and repeat its answer for an equal body, whatever the order of its members (ORCH-4952)', async () => {
    const { replays, effect, count } = remembering();
    expect(await replays.once('n', { a: 1, b: 2 }, effect)).toEqual({ answer: 1, replayed: false });
    expect(await replays.once('n', { b: 2, a: 1 }, effect)).toEqual({ answer: 1, replayed: true });
    expect(await replays.once('other', { a: 1, b: 2 }, effect)).toEqual({ answer: 2, replayed: false });
    expect(count()).toBe(2);
  });

  it('refuse another body with 422 (ORCH-4302)', async () => {
    const { replays, effect } = remembering();
    await replays.once('n', { a: 1 }, effect);
    await expect(replays.once('n', { a: 2 }, effect)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
      status: 422,
    });
  });

  it('let one of many racing calls have the effect and tell the others to come again (ORCH-4952)', async () => {
    const { replays, effect, count } = remembering();
    const slow = async () => {
      await Promise.resolve();
      return effect();
    };
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => replays.once('n', { a: 1 }, slow)));
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of settled)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT', retriable: true });
    expect([await replays.once('n', { a: 1 }, slow), count()]).toEqual([{ answer: 1, replayed: true }, 1]);
  });

  it('do not remember a refusal (ORCH-4401)', async () => {
    const { replays, effect } = remembering();
    const refuse = () => Promise.reject(new AppError('ADMISSION_REJECT', 'full'));
    await expect(replays.once('n', {}, refuse)).rejects.toMatchObject({ code: 'ADMISSION_REJECT' });
    expect(await replays.once('n', { other: true }, effect)).toEqual({ answer: 1, replayed: false });
  });

  it('forget when the time is over', async () => {
    const { clock, replays, effect } = remembering();
    await replays.once('n', {}, effect);
    clock.leap(HOUR - 1);
    expect((await replays.once('n', {}, effect)).replayed).toBe(true);
    clock.leap(1);
    expect(await replays.once('n', {}, effect)).toEqual({ answer: 2, replayed: false });
  });

  it('keep a bounded number, the newest', async () => {
    const { replays, effect } = remembering();
    await replays.once('first', {}, effect);
    for (let count = 0; count < 100_000; count++) await replays.once(`n${count}`, 0, effect);
    expect((await replays.once('n99999', 0, effect)).replayed).toBe(true);
    expect((await replays.once('first', {}, effect)).replayed).toBe(false);
  });

  it('holds large answers within its bytes: the oldest go first (ORCH-4103)', async () => {
    const { replays } = remembering();
    const once = (name: string) =>
      replays.once(
        name,
        {},
        async () => name,
        () => 40 * 1024 * 1024,
      );
    await once('first');
    await once('second');
    expect((await once('second')).replayed).toBe(true);
    expect((await once('first')).replayed).toBe(false);
  });

  it('keep a call that still runs, however many come after it (ORCH-4952)', async () => {
    const { replays, effect } = remembering();
    let finish = () => {};
    const running = replays.once('slow', {}, () => new Promise<void>((resolve) => (finish = resolve)));
    for (let count = 0; count < 100_001; count++) await replays.once(`n${count}`, 0, effect);
    await expect(replays.once('slow', {}, async () => {})).rejects.toMatchObject({ code: 'CONFLICT' });
    finish();
    await running;
    expect((await replays.once('slow', {}, async () => {})).replayed).toBe(true);
  });
});

describe('replays with a store', () => {
  /** So large that there is room for one. */
  const large = () => 40 * 1024 * 1024;

  it('ask it for answers that memory let go, until they expire (ORCH-4103, ORCH-4952)', async () => {
    const store = new MemoryAnswers();
    const { clock, replays, effect, count } = remembering(store);
    for (const name of ['first', 'second']) await replays.once(name, {}, effect, large);
    expect(await replays.once('first', {}, effect, large)).toEqual({ answer: 1, replayed: true });
    await expect(replays.once('first', { other: true }, effect)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    expect([count(), store.looks]).toEqual([2, 1]);
    clock.leap(HOUR);
    expect(await replays.once('first', {}, effect)).toEqual({ answer: 3, replayed: false });
    expect(store.looks).toBe(1);
  });

  it('ask it also for calls whose effect stores the answer (ORCH-4102, ORCH-4952)', async () => {
    const store = new MemoryAnswers();
    const { replays, effect } = remembering(store);
    const storing = async (call: Omit<RememberedAnswer, 'answer'>) => {
      await store.remember({ ...call, answer: '"kept"' });
      return 'kept';
    };
    await replays.onceStored('task', {}, storing);
    for (let more = 0; more < 100_000; more++) await replays.once(`n${more}`, 0, effect);
    expect(await replays.onceStored('task', {}, storing)).toEqual({ answer: 'kept', replayed: true });
  });

  it('have the effect again for what neither of them has (ORCH-4103)', async () => {
    const store = new MemoryAnswers();
    const { replays, effect } = remembering(store);
    store.isFull = true;
    for (const name of ['first', 'second']) await replays.once(name, {}, effect, large);
    expect(await replays.once('first', {}, effect, large)).toEqual({ answer: 3, replayed: false });
  });

  it('know after a restart what was answered before (ORCH-4952)', async () => {
    const store = new MemoryAnswers();
    const before = remembering(store);
    await before.replays.once('first', {}, before.effect);
    const after = remembering(store, before.clock);
    await after.replays.start();
    expect(await after.replays.once('first', {}, after.effect)).toEqual({ answer: 1, replayed: true });
    expect(after.count()).toBe(0);
  });
});
