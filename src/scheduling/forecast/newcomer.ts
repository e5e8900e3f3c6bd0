import { type HeldPlaces } from '../core/model.js';
import { type Promise202 } from '../../tasks/task.js';
import { type Forecastable } from './forecastable.js';
import { AT_ONCE, type PoolOutlook } from './pool-outlook.js';
import { type Caller } from '../promises/promised-places.js';

/** Makes the promise of a 202. Made before the task's event is taken, because the event itself fills a free slot. */
export class Newcomer {
  /** Places that it may not take. */
  readonly held: HeldPlaces;
  private readonly findsRoom: boolean;

  /** @param now monotonic ms */
  constructor(
    private readonly outlook: PoolOutlook,
    private readonly caller: Caller,
    private readonly now: number,
  ) {
    this.findsRoom = outlook.hasFreeSlot;
    this.held = outlook.heldFrom(caller, now);
  }

  /** The task was accepted with `position` others before it; from here on it counts as waiting. */
  accepted(task: Forecastable, position: number): Promise202 {
    const { outlook, now } = this;
    const start = this.findsRoom ? AT_ONCE : outlook.startAfter(position, now, task.request.priority);
    outlook.enqueued(task, start, now);
    outlook.redeem(this.caller, now);
    return {
      queuePosition: position,
      predictedStartMs: start.p50,
      predictedStartP90Ms: start.p90,
      backoffMs: outlook.backoffMs(now),
    };
  }
}
