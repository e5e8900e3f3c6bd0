import { type Json } from '@llama-orch/policy-sdk/abi';
import { type Clock } from '../../../kernel/clock.js';
import { type Engine } from '../engine/engine.js';
import { prepareRules, type PreparedRules } from '../host/findings.js';
import { examine } from '../instance/examine.js';
import { PolicyInstance } from '../instance/policy-instance.js';
import { warmUp } from '../instance/warm-up.js';
import { runChain, type ChainTerms, type SeatedPolicy } from '../run-chain.js';
import { Subject } from '../subject.js';
import { type FromWorker, type SentModule, type SentPolicy, type ToWorker, type WorkerSetup } from './protocol.js';
import { IDLE, Turn } from './turn.js';

type Job<Type extends ToWorker['type']> = Extract<ToWorker, { type: Type }>;

interface Seat extends SeatedPolicy {
  readonly load: number;
}

/** Of one installation: what a set of many policies may take to be swapped in. */
const MOST_WARM_UP_MS = 1_000;

/** What goes on in one worker: instances of every generation that lives, and the calls of one chain at a time. */
export class Workshop {
  private readonly rules: PreparedRules;
  private readonly turn: Turn;
  private readonly instances = new Map<number, PolicyInstance>();
  private readonly generations = new Map<number, readonly Seat[]>();
  private readonly used = new Set<PolicyInstance>();

  constructor(
    private readonly engine: Engine,
    { rules, turn }: Pick<WorkerSetup, 'rules' | 'turn'>,
    private readonly clock: Clock,
  ) {
    this.rules = prepareRules(rules);
    this.turn = new Turn(turn);
  }

  async serve(job: ToWorker): Promise<FromWorker | undefined> {
    switch (job.type) {
      case 'install':
        return this.install(job);
      case 'retire':
        return this.retire(job.generation);
      case 'call':
        return this.call(job);
      case 'examine':
        return this.examine(job);
    }
  }

  /** Fresh state for the next calls, made after the answer has gone. */
  async tidyUp(): Promise<void> {
    for (const instance of this.used) await instance.refresh().catch(() => undefined);
    this.used.clear();
  }

  private async install({ id, generation, policies, modules }: Job<'install'>): Promise<FromWorker> {
    try {
      for (const sent of modules) await this.open(sent, MOST_WARM_UP_MS / modules.length);
      const seats = policies.map((policy) => this.seat(policy));
      this.generations.set(generation, seats);
    } catch (error) {
      await this.dropUnused();
      throw error;
    }
    return { type: 'installed', id };
  }

  private async open({ load, module }: SentModule, warmUpMs: number): Promise<void> {
    if (this.instances.has(load)) return;
    const instance = await PolicyInstance.open(module, this.engine);
    this.instances.set(load, instance);
    await warmUp(instance, module, { rules: this.rules, clock: this.clock, mostMs: warmUpMs });
  }

  private seat({ configText, ...policy }: SentPolicy): Seat {
    const config = JSON.parse(configText) as { readonly [member: string]: Json };
    return { ...policy, configText, config, instance: this.instances.get(policy.load)! };
  }

  private async retire(generation: number): Promise<undefined> {
    this.generations.delete(generation);
    await this.dropUnused();
  }

  private async dropUnused(): Promise<void> {
    const needed = new Set([...this.generations.values()].flatMap((seats) => seats.map(({ load }) => load)));
    for (const [load, instance] of this.instances) {
      if (needed.has(load)) continue;
      this.instances.delete(load);
      await instance.close();
    }
  }

  private async call({ id, generation, asked, event, bodies, ...job }: Job<'call'>): Promise<FromWorker> {
    const seats = this.generations.get(generation) ?? [];
    const policies = asked.flatMap((name) => seats.find((seat) => seat.id === name) ?? []);
    for (const { instance } of policies) this.used.add(instance);
    const before = new Subject(event, new Map(bodies));
    const { answers, subject } = await runChain(policies, before, this.termsOf(job));
    this.turn.set(IDLE);
    return { type: 'answered', id, answers, event: subject === before ? undefined : subject.text, body: subject.body };
  }

  private termsOf({ hook, counters, unavailable }: Pick<Job<'call'>, 'hook' | 'counters' | 'unavailable'>): ChainTerms {
    const onTurn = (place: number): void => this.turn.begin(place);
    return { hook, counters, unavailable, rules: this.rules, clock: this.clock, onTurn };
  }

  private async examine({ id, module, config, cases }: Job<'examine'>): Promise<FromWorker> {
    const { engine, rules, clock } = this;
    const examination = await examine(module, config, cases, { engine, rules, clock });
    return { type: 'examined', id, examination };
  }
}
