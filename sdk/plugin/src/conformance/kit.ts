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

export type CheckResult =
  | { readonly type: 'passed'; readonly name: string }
  | { readonly type: 'skipped'; readonly name: string; readonly reason: string }
  | { readonly type: 'failed'; readonly name: string; readonly error: unknown };

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
  const { name } = check;
  try {
    const outcome = await check.run(subject);
    return outcome ? { type: 'skipped', name, reason: outcome.skipped } : { type: 'passed', name };
  } catch (error) {
    return { type: 'failed', name, error };
  }
}

/** The functions of a test framework that the kits use: those of Jest, Vitest or Mocha, or of `node:test`. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown;
  it(title: string, body: (...context: readonly unknown[]) => Promise<void>): unknown;
  beforeAll(body: () => Promise<void>): unknown;
  afterAll(body: () => Promise<void>): unknown;
}

/** Declares one test per check. */
export function describeKit<Subject>(kit: Kit<Subject>, runner: TestRunner = findTestRunner()): void {
  runner.describe(kit.title, () => {
    let subject: Subject;
    runner.beforeAll(async () => {
      subject = await kit.open();
    });
    runner.afterAll(async () => {
      if (subject !== undefined) await kit.close(subject);
    });
    for (const check of kit.checks) {
      runner.it(check.name, async (...context) => {
        const outcome = await check.run(subject);
        if (outcome) reportSkip(check.name, outcome.skipped, context[0]);
      });
    }
  });
}

/** `node:test` and Vitest hand a context to the test; elsewhere the reason goes to the console. */
function reportSkip(name: string, reason: string, context: unknown): void {
  if (canSkip(context)) context.skip(reason);
  else console.info(`skipped ${name}: ${reason}`);
}

function canSkip(context: unknown): context is { skip(reason: string): void } {
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
