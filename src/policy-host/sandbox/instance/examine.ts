import { type Json } from '@llama-orch/policy-sdk/abi';
import { type Clock } from '../../../kernel/clock.js';
import { type Engine } from '../engine/engine.js';
import { type CallContext } from '../host/call-context.js';
import { type PreparedRules } from '../host/findings.js';
import { type Examination, type ExaminedAnswer, type ExaminedCase, type Failure } from '../policy-set.js';
import { ask, type ChainTerms } from '../run-chain.js';
import { Subject, textOfEvent } from '../subject.js';
import { PolicyInstance, type RunnableModule } from './policy-instance.js';

type Settings = { readonly [member: string]: Json };

/** Asks a module what a loader wants to know of it. @throws PolicyError when it does not start */
export async function examine(
  module: RunnableModule,
  config: Settings | undefined,
  cases: readonly ExaminedCase[],
  { engine, rules, clock }: { readonly engine: Engine; readonly rules: PreparedRules; readonly clock: Clock },
): Promise<Examination> {
  const instance = await PolicyInstance.open(module, engine);
  try {
    const described = await textOf(instance, 'describe', '', module, rules);
    const checks = config !== undefined && module.exports.includes('validate_config');
    const configCheck = checks
      ? await textOf(instance, 'validate_config', JSON.stringify(config), module, rules)
      : undefined;
    const answers: ExaminedAnswer[] = [];
    for (const one of cases) answers.push(await answerOf(one, instance, module, rules, clock));
    return { described, configCheck, answers };
  } finally {
    await instance.close();
  }
}

async function textOf(
  instance: PolicyInstance,
  name: string,
  input: string,
  { limits }: RunnableModule,
  rules: PreparedRules,
): Promise<{ text: string } | { failure: Failure }> {
  const report = await instance.call(name, input, nobodysContext(rules), limits.startFuel);
  if (report.failure !== undefined) return { failure: report.failure };
  if (report.output !== undefined) return { text: report.output };
  return { failure: { code: 'POLICY_NO_OUTPUT', message: `${name} gave no answer.` } };
}

async function answerOf(
  { hook, event, config }: ExaminedCase,
  instance: PolicyInstance,
  { manifest, limits }: RunnableModule,
  rules: PreparedRules,
  clock: Clock,
): Promise<ExaminedAnswer> {
  const terms: ChainTerms = { hook, counters: {}, rules, unavailable: [], clock, onTurn: () => undefined };
  const seat = { id: manifest.name, mayModify: true, mode: event.mode, instance, config };
  const policy = { ...seat, configText: JSON.stringify(config), eventBytes: limits.eventBytes };
  const from = clock.now();
  const { answer } = await ask(policy, new Subject(textOfEvent(event), new Map()), terms);
  const latencyUs = Math.round((clock.now() - from) * 1_000);
  return { decision: answer.decision, failure: answer.error, fuel: answer.fuel, latencyUs };
}

function nobodysContext(rules: PreparedRules): CallContext {
  return { config: {}, bodies: new Map(), counters: {}, now: 0, seed: '', tenant: '', rules };
}
