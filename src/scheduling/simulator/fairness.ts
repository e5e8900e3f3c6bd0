/** Tokens that one flow was served, and those that its weight entitled it to, while it had work waiting. */
export interface Share {
  readonly name: string;
  readonly weight: number;
  readonly served: number;
  readonly entitled: number;
}

interface Flow {
  readonly weight: number;
  waiting: number;
  served: number;
  entitled: number;
  /** Where the common account stood when its present backlog began. */
  since: number;
}

/**
 * Compares what flows get with what ideal weighted sharing would give them. Only time with a backlog counts: who asks for
 * little gets all of it under every discipline, and that says nothing about fairness. Each token that is served raises a
 * common account by one over the weights of all backlogged flows; a flow is entitled to its weight times the rise during
 * its backlog.
 */
export class Fairness {
  private readonly flows = new Map<string, Flow>();
  private backloggedWeight = 0;
  private account = 0;

  constructor(private readonly weightOf: (name: string) => number) {}

  waits(name: string): void {
    const flow = this.flow(name);
    if (flow.waiting++ > 0) return;
    flow.since = this.account;
    this.backloggedWeight += flow.weight;
  }

  /** One task of the flow was taken from the queue and costs so many tokens. */
  served(name: string, tokens: number): void {
    const flow = this.flow(name);
    // Alone in the queue nobody competes with it.
    if (this.backloggedWeight > flow.weight) {
      this.account += tokens / this.backloggedWeight;
      flow.served += tokens;
    } else {
      this.settle(flow);
    }
    this.leaves(name);
  }

  /** One task of the flow left the queue unserved, or after `served`. */
  leaves(name: string): void {
    const flow = this.flow(name);
    if (--flow.waiting > 0) return;
    this.settle(flow);
    this.backloggedWeight -= flow.weight;
    if (this.backloggedWeight < 1e-9) this.backloggedWeight = 0;
  }

  /** In the order in which the flows were met. */
  shares(): Share[] {
    return Array.from(this.flows, ([name, { weight, served, entitled }]) => ({ name, weight, served, entitled }));
  }

  private settle(flow: Flow): void {
    flow.entitled += flow.weight * (this.account - flow.since);
    flow.since = this.account;
  }

  private flow(name: string): Flow {
    const known = this.flows.get(name);
    if (known !== undefined) return known;
    const made = { weight: this.weightOf(name), waiting: 0, served: 0, entitled: 0, since: 0 };
    this.flows.set(name, made);
    return made;
  }
}

/** Jain's index: 1 when all values are equal, 1/n when one has everything; undefined without values. */
export function jainIndex(values: readonly number[]): number | undefined {
  const squares = values.reduce((sum, value) => sum + value * value, 0);
  if (squares === 0) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  return (sum * sum) / (values.length * squares);
}
