/** One demand of a contract. */
export interface Check<Subject> {
  /** Stable, such as `QD-04 tells the true position`. */
  readonly name: string;
  /** Throws when the subject fails; returns {@link skip} when a declared lack makes the question moot. */
  run(subject: Subject): Promise<Skip | void> | Skip | void;
}

export interface Skip {
  readonly skipped: string;
}

/** Says why a check does not apply to what the plugin declares. */
export function skip(reason: string): Skip {
  return { skipped: reason };
}

/** All checks of one contract, and how to make what they run on. */
export interface Kit<Subject> {
  readonly title: string;
  readonly checks: readonly Check<Subject>[];
  open(): Promise<Subject>;
  close(subject: Subject): Promise<void>;
}

/** `ms` is how long the check took. */
export type CheckResult = { readonly name: string; readonly ms: number } & Outcome;

type Outcome =
  | { readonly type: 'passed' }
  | { readonly type: 'skipped'; readonly reason: string }
  | { readonly type: 'failed'; readonly error: unknown };

/** Runs a kit without a test framework. */
export async function runKit<Subject>(kit: Kit<Subject>): Promise<CheckResult[]> {
  const subject = await kit.open();
  try {
    const results: CheckResult[] = [];
    for (const check of kit.checks) results.push(await runCheck(check, subject));
    return results;
  } finally {
    await kit.close(subject);
  }
}

async function runCheck<Subject>(check: Check<Subject>, subject: Subject): Promise<CheckResult> {
  const startedAt = performance.now();
  const outcome = await outcomeOf(check, subject);
  return { name: check.name, ms: Math.round(performance.now() - startedAt), ...outcome };
}

async function outcomeOf<Subject>(check: Check<Subject>, subject: Subject): Promise<Outcome> {
  try {
    const outcome = await check.run(subject);
    return outcome ? { type: 'skipped', reason: outcome.skipped } : { type: 'passed' };
  } catch (error) {
    return { type: 'failed', error };
  }
}

/** The functions of a test framework that the kits use: those of Jest, Vitest or Mocha, or of `node:test`. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown;
  it(title: string, body: (...context: readonly unknown[]) => Promise<void>): unknown;
  beforeAll(body: () => Promise<void>): unknown;
  afterAll(body: () => Promise<void>): unknown;
}

/** Takes the results of a whole run, such as to compare them with what is published. */
export interface Reporter {
  /** A sentence about what `accept` demands. */
  readonly title: string;
  /** @throws AssertionError when the results are not what they should be */
  accept(results: readonly CheckResult[]): Promise<void> | void;
}

/** Declares one test per check, and one for the reporter, if there is one. */
export function describeKit<Subject>(
  kit: Kit<Subject>,
  runner: TestRunner = findTestRunner(),
  reporter?: Reporter,
): void {
  runner.describe(kit.title, () => {
    const results: CheckResult[] = [];
    let subject: Subject;
    runner.beforeAll(async () => {
      subject = await kit.open();
    });
    runner.afterAll(async () => {
      if (subject !== undefined) await kit.close(subject);
    });
    for (const check of kit.checks) {
      runner.it(check.name, async (...context) => {
        const result = await runCheck(check, subject);
        results.push(result);
        if (result.type === 'failed') throw result.error;
        if (result.type === 'skipped') reportSkip(result, context[0], reporter === undefined);
      });
    }
    // A run of some checks only has nothing to say about all of them.
    if (!reporter) return;
    runner.it(reporter.title, async () => {
      if (results.length === kit.checks.length) await reporter.accept(results);
    });
  });
}

/** `node:test` and Vitest hand a context to the test; elsewhere the reason goes to the console, or into the report. */
function reportSkip({ name, reason }: { name: string; reason: string }, context: unknown, isTold: boolean): void {
  if (canSkip(context)) context.skip(reason);
  else if (isTold) console.info(`skipped ${name}: ${reason}`);
}

/** Whether the framework lets a test that runs call itself skipped. */
export function canSkip(context: unknown): context is { skip(reason: string): void } {
  return context !== null && typeof context === 'object' && 'skip' in context && typeof context.skip === 'function';
}

function findTestRunner(): TestRunner {
  const found = globalThis as Partial<TestRunner> & {
    before?: TestRunner['beforeAll'];
    after?: TestRunner['afterAll'];
  };
  const { describe, it, beforeAll = found.before, afterAll = found.after } = found;
  if (describe && it && beforeAll && afterAll) return { describe, it, beforeAll, afterAll };
  throw new Error(
    'No test framework found: run this file with Jest, Vitest or Mocha, or pass { describe, it, beforeAll, afterAll } as the last argument.',
  );
}
