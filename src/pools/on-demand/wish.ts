import { EngineError } from '@llama-orch/plugin-sdk';
import { type ReplicaId } from '../../kernel/ids.js';
import { type Pool } from '../pool.js';
import { type Replica } from '../replica.js';

/** One start of a replica that has no memory yet. */
export class Wish {
  /** Why there was no room at the last try; undefined before the first. */
  refusal: EngineError | undefined;
  /** Monotonic ms of the last try. */
  triedAt = Number.NEGATIVE_INFINITY;
  /** Residents that give way for it. */
  readonly victims = new Set<ReplicaId>();
  /** All who have given way for it. */
  readonly gaveWay = new Set<ReplicaId>();
  /** Memory comes free for it alone: whoever came later may not take it. */
  holdsDoor = false;
  /** Monotonic ms since when there should have been room, but was not. */
  hopedSince: number | undefined;
  /** It was told that it waits. */
  announced = false;
  private settle: { readonly proceed: () => void; readonly giveUp: (why: EngineError) => void } | undefined;

  constructor(
    readonly pool: Pool,
    readonly replica: Replica,
    /** Monotonic ms. */
    readonly since: number,
  ) {}

  /** True while it waits to be told to try. */
  get waits(): boolean {
    return this.settle !== undefined;
  }

  /** Waits until {@link proceed}. @throws EngineError when it is given up, or `stop` is aborted */
  async turn(stop: AbortSignal): Promise<void> {
    const calledOff = () => this.giveUp(new EngineError('unavailable', 'the load of the model was called off'));
    stop.addEventListener('abort', calledOff, { once: true });
    try {
      await new Promise<void>((proceed, giveUp) => {
        this.settle = { proceed, giveUp };
        if (stop.aborted) calledOff();
      });
    } finally {
      this.settle = undefined;
      stop.removeEventListener('abort', calledOff);
    }
  }

  proceed(): void {
    this.settle?.proceed();
    this.settle = undefined;
  }

  giveUp(why: EngineError): void {
    this.settle?.giveUp(why);
    this.settle = undefined;
  }
}
