import { type ErrorCode } from '../../kernel/errors.js';

/** How a task of the workload came out in the end. */
export const FATES = ['completed', 'cancelled', 'expired', 'evicted', 'failed', 'refused'] as const;
export type Fate = (typeof FATES)[number];

/** Classes and tenants as numbers, in the order in which they were met. */
export class Names {
  private readonly numbers = new Map<string, number>();

  get all(): readonly string[] {
    return [...this.numbers.keys()];
  }

  of(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.numbers.size);
    return this.numbers.size - 1;
  }
}

/** One row per task of the workload, as columns: a million rows are a dozen arrays. Times in virtual ms; NaN: it never came to that. */
export class Outcomes {
  readonly classes = new Names();
  readonly tenants = new Names();
  readonly codes = new Names();
  readonly arrivedAt;
  /** Receipt of the request that was admitted. */
  readonly admittedAt;
  readonly startedAt;
  readonly firstTokenAt;
  readonly endedAt;
  readonly promisedP50;
  readonly promisedP90;
  /** 0 until the task has come to its end, then the place in {@link FATES} plus one. */
  readonly fate;
  readonly code;
  readonly priority;
  readonly tenant;
  readonly refusals;
  readonly promptTokens;
  readonly tokensOut;
  readonly deadlineAt;

  constructor(readonly count: number) {
    const times = () => new Float64Array(count).fill(NaN);
    this.arrivedAt = times();
    this.admittedAt = times();
    this.startedAt = times();
    this.firstTokenAt = times();
    this.endedAt = times();
    this.promisedP50 = times();
    this.promisedP90 = times();
    this.deadlineAt = times();
    this.fate = new Uint8Array(count);
    this.code = new Uint8Array(count);
    this.priority = new Uint8Array(count);
    this.refusals = new Uint16Array(count);
    this.tenant = new Uint32Array(count);
    this.promptTokens = new Uint32Array(count);
    this.tokensOut = new Uint32Array(count);
  }

  /** @throws when the task has ended before: it would be counted twice */
  settle(number: number, fate: Fate, code: ErrorCode | undefined, now: number): void {
    if (this.fate[number] !== 0) throw new Error(`task ${number} ended twice`);
    this.fate[number] = FATES.indexOf(fate) + 1;
    this.code[number] = code === undefined ? 0 : this.codes.of(code) + 1;
    this.endedAt[number] = now;
  }

  fateOf(number: number): Fate | undefined {
    return FATES[this.fate[number]! - 1];
  }

  codeOf(number: number): string | undefined {
    return this.codes.all[this.code[number]! - 1];
  }
}
