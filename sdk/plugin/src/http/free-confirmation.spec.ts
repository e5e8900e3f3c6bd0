import { FreeConfirmation } from './free-confirmation.js';

describe('FreeConfirmation', () => {
  it('asks until the engine works on no more than the others need (ORCH-3017)', async () => {
    const busy = [3, 2, 1];
    const confirmation = new FreeConfirmation(
      async () => busy.shift(),
      () => 1,
    );
    expect(await confirmation.untilFree()).toBe('free');
    expect(busy).toEqual([]);
  });

  it('knows nothing of an engine that does not tell (ORCH-3017)', async () => {
    const confirmation = new FreeConfirmation(
      async () => undefined,
      () => 0,
    );
    expect(await confirmation.untilFree()).toBe('unknown');
  });

  it('asks once for all who came before the question (ORCH-3017)', async () => {
    let questions = 0;
    const answers: (() => void)[] = [];
    const count = (): Promise<number> => {
      questions += 1;
      return new Promise((resolve) => answers.push(() => resolve(0)));
    };
    const confirmation = new FreeConfirmation(count, () => 0);
    const first = confirmation.untilFree();
    await Promise.resolve();
    const later = [confirmation.untilFree(), confirmation.untilFree()];
    expect(questions).toBe(1);
    answers[0]?.();
    expect(await first).toBe('free');
    await new Promise((resolve) => setImmediate(resolve));
    expect(questions).toBe(2);
    answers[1]?.();
    expect(await Promise.all(later)).toEqual(['free', 'free']);
  });
});
