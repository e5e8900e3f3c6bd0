import { type OutboundUsage } from '../egress/egress.js';
import { AppError } from '../kernel/errors.js';
import { type CallingTask } from './tool-caller.js';

const NOTHING: OutboundUsage = { callsInTask: 0, bytesOut: 0 };

/** What each task has called so far. It holds no task: what the registry forgets is forgotten here. */
export class TaskUsage {
  private readonly used = new WeakMap<CallingTask, OutboundUsage>();

  /**
   * Runs a call with what its task had used before. The call counts from its start, so that calls at the same time see
   * each other; a refused one is taken back.
   */
  async count<Answer>(
    task: CallingTask | undefined,
    bytesOut: number,
    call: (before: OutboundUsage) => Promise<Answer>,
  ): Promise<Answer> {
    if (task === undefined) return call(NOTHING);
    const before = this.used.get(task) ?? NOTHING;
    this.add(task, 1, bytesOut);
    try {
      return await call(before);
    } catch (error) {
      if (error instanceof AppError) this.add(task, -1, -bytesOut);
      throw error;
    }
  }

  private add(task: CallingTask, calls: number, bytes: number): void {
    const { callsInTask, bytesOut } = this.used.get(task) ?? NOTHING;
    this.used.set(task, { callsInTask: callsInTask + calls, bytesOut: bytesOut + bytes });
  }
}
