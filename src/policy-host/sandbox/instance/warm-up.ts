import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { type Clock } from '../../../kernel/clock.js';
import { type PreparedRules } from '../host/findings.js';
import { type ExaminedCase } from '../policy-set.js';
import { ask, type ChainTerms, type PolicyAnswer, type SeatedPolicy } from '../run-chain.js';
import { Subject, textOfEvent } from '../subject.js';
import { type PolicyInstance, type RunnableModule } from './policy-instance.js';
import { syntheticEvent } from './synthetic-event.js';

const ROUNDS = 20;
const MOST_MS = 300;

export interface WarmUpTerms {
  readonly rules: PreparedRules;
  readonly clock: Clock;
  /** Default and most: 300 ms. */
  readonly mostMs?: number;
}

/**
 * Has the engine compile what the first calls would wait for, by asking the policy about its own tests. Afterwards the
 * instance is a new one that has answered once, with the state of its start. @throws PolicyError when it does not start again
 */
export async function warmUp(instance: PolicyInstance, module: RunnableModule, terms: WarmUpTerms): Promise<void> {
  const { clock, mostMs = MOST_MS } = terms;
  const until = clock.now() + Math.min(MOST_MS, mostMs);
  const cases = casesOf(module.manifest);
  let fuel = module.limits.startFuel;
  const askedAll = async (some: Iterable<ExaminedCase>): Promise<void> => {
    for (const one of some) {
      if (fuel <= 0 || clock.now() >= until) return;
      const { error, fuel: used } = await answerOf(one, instance, module, Math.min(fuel, module.limits.fuel), terms);
      // A call that fails costs a new instance, and has compiled no more than the one before.
      fuel = error === undefined ? fuel - Math.max(1, used) : 0;
    }
  };
  await askedAll(rounds(cases));
  await instance.renew();
  // Functions of the host are new with the instance, and slow at first.
  await askedAll(cases.slice(0, 1));
  await instance.refresh();
}

async function answerOf(
  one: ExaminedCase,
  instance: PolicyInstance,
  module: RunnableModule,
  fuel: number,
  { rules, clock }: WarmUpTerms,
): Promise<PolicyAnswer> {
  const { hook, event } = one;
  const chain: ChainTerms = { hook, counters: {}, rules, unavailable: [], fuel, clock, onTurn: () => undefined };
  return (await ask(seatOf(one, instance, module), new Subject(textOfEvent(event), new Map()), chain)).answer;
}

/** Its tests, and an event for each hook that has none. */
function casesOf({ tests, hooks, defaults }: PolicyManifest): ExaminedCase[] {
  const untested = hooks.filter((hook) => !tests.some((test) => test.hook === hook));
  return [
    ...tests.map(({ hook, event, config }) => ({ hook, event, config: { ...defaults, ...config } })),
    ...untested.map((hook) => ({ hook, event: syntheticEvent(hook), config: defaults })),
  ];
}

function* rounds(cases: readonly ExaminedCase[]): Iterable<ExaminedCase> {
  for (let round = 0; round < ROUNDS; round += 1) yield* cases;
}

function seatOf({ event, config }: ExaminedCase, instance: PolicyInstance, module: RunnableModule): SeatedPolicy {
  const { manifest, limits } = module;
  const settings = { config, configText: JSON.stringify(config) };
  return {
    ...settings,
    id: manifest.name,
    mayModify: true,
    mode: event.mode,
    instance,
    eventBytes: limits.eventBytes,
  };
}
