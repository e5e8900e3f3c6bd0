import { type Clock } from '../../../kernel/clock.js';
import { type WorkerSetup } from './protocol.js';
import { Sandbox } from './sandbox.js';

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5_000;

/** A worker and what it holds. */
export interface Member {
  readonly sandbox: Sandbox;
  /** Generations with the modules that they need, as the worker has them. */
  readonly generations: Map<number, readonly number[]>;
  state: 'starting' | 'idle' | 'busy';
  /** Takes the worker as soon as it is idle, before any call. */
  claim: (() => void) | undefined;
}

interface CrewEvents {
  /** Brings a new worker to where the others are; rejects when it cannot be. */
  readonly prepare: (member: Member) => Promise<void>;
  readonly onIdle: () => void;
}

/** The workers: as many as wanted, those that were lost made anew. */
export class Crew {
  readonly members: Member[] = [];
  private failures = 0;
  private failure: unknown;
  private isClosed = false;

  constructor(
    private readonly size: number,
    private readonly setup: Omit<WorkerSetup, 'turn'>,
    private readonly clock: Clock,
    private readonly events: CrewEvents,
  ) {}

  /** Why a worker could not be started the last time. */
  get lastFailure(): unknown {
    return this.failure;
  }

  /** Starts what is missing. */
  fill(): void {
    while (!this.isClosed && this.members.length < this.size) this.start();
  }

  idle(): Member | undefined {
    return this.members.find(({ state }) => state === 'idle');
  }

  /** Waits until the worker is idle and makes it busy; false when it was lost before. */
  async claim(member: Member): Promise<boolean> {
    if (member.state !== 'idle') await new Promise<void>((resolve) => (member.claim = resolve));
    if (member.sandbox.isLost) return false;
    member.state = 'busy';
    return true;
  }

  release(member: Member): void {
    if (member.sandbox.isLost) return;
    member.state = 'idle';
    const { claim } = member;
    member.claim = undefined;
    if (claim === undefined) return this.events.onIdle();
    member.state = 'busy';
    claim();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.members].map(({ sandbox }) => sandbox.close()));
  }

  private start(): void {
    const sandbox = new Sandbox(this.setup, this.clock, () => this.drop(member));
    const member: Member = { sandbox, generations: new Map(), state: 'starting', claim: undefined };
    this.members.push(member);
    void this.bring(member);
  }

  private async bring(member: Member): Promise<void> {
    try {
      await member.sandbox.ready;
      await this.events.prepare(member);
      this.failures = 0;
      this.release(member);
    } catch (error) {
      this.failures += 1;
      this.failure = error;
      await member.sandbox.close();
    }
  }

  private drop(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    member.claim?.();
    if (this.failures === 0) return this.fill();
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.failures);
    this.clock.schedule(delay, () => this.fill());
  }
}
