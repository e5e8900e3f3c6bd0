import { readFileSync } from 'node:fs';
import { type PolicyCase } from '../define-policy.js';
import { eventOfCase } from './events.js';
import { policy, PolicyUnderTest, type TestOptions } from './policy-under-test.js';

type Register = (name: string, run: () => Promise<void>) => unknown;
type RegisterEnd = (run: () => Promise<void>) => unknown;

/** The cases of a cases.json. @throws Error when the file is not a list of them */
export function readCases(file: string | URL): readonly PolicyCase[] {
  const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly PolicyCase[];
  const problem = Array.isArray(cases)
    ? cases.map(caseProblem).find((one) => one !== undefined)
    : 'is not a list of cases';
  if (problem !== undefined) throw new Error(`${String(file)}: ${problem}`);
  return cases;
}

/** Runs one case both ways. @throws Error that says what is not as expected */
export async function runCase(tested: PolicyUnderTest, { hook, event, config, expect }: PolicyCase): Promise<void> {
  await tested.on(eventOfCase(hook, event, config)).decides(expect);
}

/**
 * One test for each case, with Jest or with `node --test`: those that are given, and those that the policy carries. The
 * policy is closed when all tests of the file have run.
 * `policyTests(new URL('../src/index.ts', import.meta.url), readCases(new URL('../cases.json', import.meta.url)))`
 */
export function policyTests(
  source: PolicyUnderTest | string | URL,
  cases: readonly PolicyCase[],
  options: TestOptions = {},
): void {
  const tested = source instanceof PolicyUnderTest ? source : policy(source, options);
  const { test, after } = runner();
  for (const one of cases) test(one.name, () => runCase(tested, one));
  test('cases that the policy itself carries', async () => {
    for (const one of (await tested.policy()).cases) await runCase(tested, one);
  });
  after(() => tested.close());
}

function runner(): { test: Register; after: RegisterEnd } {
  const jest = globalThis as { test?: Register; afterAll?: RegisterEnd };
  if (jest.test !== undefined && jest.afterAll !== undefined) return { test: jest.test, after: jest.afterAll };
  const { test, after } = process.getBuiltinModule('node:test');
  return { test: (name, run) => void test(name, run), after: (run) => after(run) };
}

const HOOKS: readonly string[] = ['on_request', 'on_response', 'on_admission'];

function caseProblem(one: Partial<PolicyCase>, index: number): string | undefined {
  const which = `case ${index + 1}${one.name === undefined ? '' : ` (${one.name})`}`;
  if (typeof one.name !== 'string') return `${which} has no name`;
  if (!HOOKS.includes(one.hook ?? '')) return `${which} has the hook ${one.hook}; there are ${HOOKS.join(', ')}`;
  return one.expect === undefined || one.event === undefined
    ? `${which} needs an event and what is expected`
    : undefined;
}
