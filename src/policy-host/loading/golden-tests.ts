import { type GoldenTest, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { type ExaminedAnswer, type ExaminedCase } from '../sandbox/policy-set.js';

/** The tests that a module carries, as questions. */
export function goldenCases({ tests, defaults }: PolicyManifest): ExaminedCase[] {
  return tests.map(({ hook, event, config }) => ({ hook, event, config: { ...defaults, ...config } }));
}

/** What the first test that fails says; undefined when all hold. */
export function goldenFailure({ tests }: PolicyManifest, answers: readonly ExaminedAnswer[]): string | undefined {
  for (const [at, test] of tests.entries()) {
    const difference = differenceOf(test, answers[at]);
    if (difference !== undefined) return `its own test "${test.name}" fails: ${difference}`;
  }
  return undefined;
}

/** Only members that the test names count. */
function differenceOf({ expect }: GoldenTest, answer: ExaminedAnswer | undefined): string | undefined {
  const decision = answer?.decision as Readonly<Record<string, unknown>> | undefined;
  if (decision === undefined)
    return `${answer?.failure?.code ?? 'no answer'}: ${answer?.failure?.message ?? 'it was not run'}`;
  const wrong = Object.keys(expect).find((name) => canonicalJson(expect[name]) !== canonicalJson(decision[name]));
  if (wrong === undefined) return undefined;
  return `${wrong} is ${shown(decision[wrong])}, expected ${shown(expect[wrong])}`;
}

const LONGEST = 120;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
