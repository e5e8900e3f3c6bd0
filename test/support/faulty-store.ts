import { type FailureReason, StoreFailure } from '../../src/persistence/store/store-failure.js';
import { type Durability, type SqlValues, Store, type Write } from '../../src/persistence/store/store.js';

/** When an operation fails: before it did anything, or when it took effect and nobody hears of it. */
export type FaultMoment = 'before' | 'after';

/** One operation on the store, in words that tests can compare. */
export type Operation = `write ${string}` | `read ${string}` | `ask ${string}`;

/**
 * A store of which single operations fail, or all from one on. Run what is tested once without faults to learn `count`,
 * then once for each n up to it with `failAt(n, …)`: nothing may be half done, whichever operation fails.
 */
export class FaultyStore extends Store {
  /** Operations so far, the failing ones included, in the order in which they were asked for. */
  readonly operations: Operation[] = [];
  private momentOf: (operation: number) => FaultMoment | undefined = () => undefined;

  constructor(
    private readonly inner: Store,
    private readonly reason: FailureReason = 'full',
  ) {
    super();
  }

  get count(): number {
    return this.operations.length;
  }

  /** Lets the n-th operation fail, counted from 1 on, and no other. */
  failAt(n: number, moment: FaultMoment): void {
    this.momentOf = (operation) => (operation === n ? moment : undefined);
  }

  /** Lets every operation fail from the n-th on. */
  failFrom(n: number, moment: FaultMoment): void {
    this.momentOf = (operation) => (operation >= n ? moment : undefined);
  }

  /** From now on everything works. */
  mend(): void {
    this.momentOf = () => undefined;
  }

  override write(unit: readonly Write[], durability?: Durability): Promise<void> {
    const names = unit.map(({ statement }) => statement).join('+');
    return this.pass(`write ${names}`, () => this.inner.write(unit, durability));
  }

  override read<Row>(query: string, values?: SqlValues): Promise<readonly Row[]> {
    return this.pass(`read ${query}`, () => this.inner.read<Row>(query, values));
  }

  override ask<Answer>(question: string, given: unknown): Promise<Answer> {
    return this.pass(`ask ${question}`, () => this.inner.ask<Answer>(question, given));
  }

  override close(): Promise<void> {
    return this.inner.close();
  }

  private async pass<Answer>(operation: Operation, run: () => Promise<Answer>): Promise<Answer> {
    this.operations.push(operation);
    const n = this.operations.length;
    const moment = this.momentOf(n);
    if (moment === 'before') throw this.fault(n);
    const answer = await run();
    if (moment === 'after') throw this.fault(n);
    return answer;
  }

  private fault(n: number): StoreFailure {
    return new StoreFailure({ reason: this.reason, detail: `operation ${n} was made to fail` });
  }
}
