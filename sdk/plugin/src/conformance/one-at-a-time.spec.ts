import { describeKit, type Check, type TestRunner } from './kit.js';
import { oneAtATime } from './one-at-a-time.js';

/** What came of each test, in order. */
type Outcomes = Record<string, string>;

/** A test framework that runs what was declared; without `skips` a test cannot call itself skipped. */
async function run(checks: readonly Check<string>[], open: () => Promise<string>, skips = true): Promise<Outcomes> {
  const outcomes: Outcomes = {};
  const tests: [title: string, body: (...context: readonly unknown[]) => Promise<void>][] = [];
  let before = () => Promise.resolve();
  const runner: TestRunner = {
    describe: (_title, body) => body(),
    it: (title, body) => tests.push([title, body]),
    beforeAll: (body) => (before = body),
    afterAll: () => undefined,
  };
  describeKit({ title: 'a kit', checks, open, close: () => Promise.resolve() }, oneAtATime(runner));
  await before();
  for (const [title, body] of tests) {
    outcomes[title] = 'passed';
    const context = skips ? [{ skip: (reason: string) => (outcomes[title] = `skipped: ${reason}`) }] : [];
    await body(...context).catch((error: Error) => (outcomes[title] = `failed: ${error.message}`));
  }
  return outcomes;
}

const fails = (sentence: string) => () => {
  throw new Error(sentence);
};
const checks: readonly Check<string>[] = [
  { name: 'one', run: () => undefined },
  { name: 'two', run: fails('write two') },
  { name: 'three', run: fails('write three') },
];

describe('oneAtATime', () => {
  it('shows the first failure, and passes over what comes behind it (ORCH-4507)', async () => {
    expect(await run(checks, async () => 'subject')).toEqual({
      'comes up and describes itself': 'passed',
      one: 'passed',
      two: 'failed: write two',
      three: 'skipped: first mend "two"',
    });
  });

  it('shows a subject that does not come up as one failure (ORCH-4507)', async () => {
    expect(await run(checks, fails('write health') as never)).toMatchObject({
      'comes up and describes itself': 'failed: write health',
      one: 'skipped: first mend "comes up and describes itself"',
    });
  });

  it('lets nothing pass unseen where a framework cannot skip (ORCH-4507)', async () => {
    expect(await run(checks, async () => 'subject', false)).toMatchObject({ three: 'failed: first mend "two"' });
  });
});
