import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, Script } from 'node:vm';
import { bundle } from '../build/bundle.js';
import { type PolicyCase } from '../define-policy.js';
import { type HostLink } from '../host.js';
import { unmetExpectation } from './difference.js';
import { eventOfCase } from './events.js';
import { type Mutant, mutantsOf } from './mutants.js';
import { replayingHost } from './plain-run.js';
import { type PolicyUnderTest } from './policy-under-test.js';

export { type Mutant } from './mutants.js';

export interface MutationReport {
  readonly mutants: number;
  /** Mistakes that no case noticed: each asks for a case, or for less code. */
  readonly survived: readonly Mutant[];
}

/** A mutant that loops for ever is noticed by this, in ms. */
const PATIENCE_MS = 250;
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Makes small mistakes in a policy, one at a time, and sees whether the cases notice.
 * @throws Error when a case fails without any mistake
 */
export async function mutate(tested: PolicyUnderTest, cases: readonly PolicyCase[]): Promise<MutationReport> {
  const asked = await Promise.all([...cases, ...(await tested.policy()).cases].map((one) => prepared(tested, one)));
  const script = await bundle(tested.entry, { readable: true, footer: FOOTER });
  const mutants = mutantsOf(script, (file) => isOwn(resolve(dirname(tested.entry), file)));
  return { mutants: mutants.length, survived: mutants.filter((mutant) => !isNoticed(mutant, asked)) };
}

/** Hooks are asked with the clock of the event, as in the sandbox. */
const FOOTER = `
  const RealDate = Date;
  globalThis.ask = (hook, text) => {
    const event = JSON.parse(text);
    globalThis.Date = class extends RealDate {
      constructor(...values) { if (values.length === 0) super(event.now); else super(...values); }
      static now() { return event.now; }
    };
    return JSON.stringify(policy.decide(hook, event));
  };
`;

interface Asked extends PolicyCase {
  readonly text: string;
  /** A host that gives the answers of the real one once more. */
  readonly host: () => HostLink;
}

async function prepared(tested: PolicyUnderTest, one: PolicyCase): Promise<Asked> {
  const original = await tested.policy();
  const { defaults } = original.manifest;
  const builder = eventOfCase(one.hook, one.event, one.config);
  const { decision, outcome } = await tested.answer(builder);
  const unmet = unmetExpectation(one.expect, decision ?? {});
  if (unmet !== undefined) throw new Error(`the case ${JSON.stringify(one.name)} fails without any mistake: ${unmet}`);
  const host = () => replayingHost(original, outcome.hostResults);
  return { ...one, host, text: JSON.stringify({ ...builder.build().event, config: { ...defaults, ...one.config } }) };
}

function isOwn(file: string): boolean {
  const isOurs = ['src', 'dist'].some((folder) => file.startsWith(resolve(PACKAGE, folder)));
  return !isOurs && !file.includes('node_modules') && !file.includes('<stdin>');
}

function isNoticed({ script }: Mutant, asked: readonly Asked[]): boolean {
  try {
    const program = createContext({});
    new Script(script).runInContext(program, { timeout: PATIENCE_MS });
    return asked.some((one) => answersOtherwise(program, one));
  } catch {
    // It does not compile, is refused by definePolicy, or never ends: nobody would ship it.
    return true;
  }
}

function answersOtherwise(program: object, { hook, text, host, expect }: Asked): boolean {
  Object.assign(program, { hook, text, [Symbol.for('llama-orch.policy.host')]: host() });
  try {
    const answer = new Script('ask(hook, text)').runInContext(program, { timeout: PATIENCE_MS }) as string;
    return unmetExpectation(expect, JSON.parse(answer) as object) !== undefined;
  } catch {
    return true;
  }
}
