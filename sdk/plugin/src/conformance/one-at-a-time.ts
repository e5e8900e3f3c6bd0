import { canSkip, type TestRunner } from './kit.js';

/**
 * Shows one failure at a time: what comes behind the first is skipped. For a plugin that is being written, where one gap
 * would fail every check.
 */
export function oneAtATime(runner: TestRunner): TestRunner {
  let setUp: Promise<void> = Promise.resolve();
  let failed: string | undefined;
  const it: TestRunner['it'] = (title, body) =>
    runner.it(title, async (...context) => {
      if (failed !== undefined) return passOver(context[0], failed);
      try {
        await body(...context);
      } catch (error) {
        failed = title;
        throw error;
      }
    });
  return {
    it,
    describe: (title, body) =>
      runner.describe(title, () => {
        it('comes up and describes itself', () => setUp);
        body();
      }),
    // A failure here would count for every test at once; so it is kept for the first one.
    beforeAll: (body) =>
      runner.beforeAll(async () => {
        setUp = body();
        await setUp.catch(() => undefined);
      }),
    afterAll: (body) => runner.afterAll(body),
  };
}

function passOver(context: unknown, failed: string): void {
  const reason = `first mend "${failed}"`;
  if (!canSkip(context)) throw new Error(reason);
  context.skip(reason);
}
