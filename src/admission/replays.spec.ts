import { FakeClock } from '../../test/support/fake-clock.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { AppError } from '../kernel/errors.js';
import { Replays } from './replays.js';

const HOUR = 3_600_000;

function remembering() {
  const clock = new FakeClock();
  const replays = new Replays({ clock, logger: new QuietLogger() }, HOUR);
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
});
