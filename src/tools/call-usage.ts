import { type OutboundUsage } from '../egress/egress.js';
import { AppError } from '../kernel/errors.js';
import { type CalledFor, type ToolCaller } from './tool-caller.js';

interface Used {
  readonly calls: number;
  readonly bytesOut: number;
}

const NOTHING: Used = { calls: 0, bytesOut: 0 };

/** What each task and each session has called so far. It holds none of them: who is forgotten elsewhere is forgotten here. */
export class CallUsage {
  private readonly used = new WeakMap<CalledFor, Used>();

  /**
   * Runs a call with what its task and its session had used before. The call counts from its start, so that calls at the
   * same time see each other; a refused one is taken back.
   */
  async count<Answer>(
    { task, session }: Pick<ToolCaller, 'task' | 'session'>,
    bytesOut: number,
    call: (before: OutboundUsage) => Promise<Answer>,
  ): Promise<Answer> {
    const before = usageOf(this.of(task), this.of(session));
    const both = [task, session].filter((one) => one !== undefined);
    for (const one of both) this.add(one, 1, bytesOut);
    try {
      return await call(before);
    } catch (error) {
      if (error instanceof AppError) for (const one of both) this.add(one, -1, -bytesOut);
      throw error;
    }
  }

  private of(one: CalledFor | undefined): Used {
    return (one && this.used.get(one)) ?? NOTHING;
  }

  private add(one: CalledFor, calls: number, bytes: number): void {
    const before = this.of(one);
    this.used.set(one, { calls: before.calls + calls, bytesOut: before.bytesOut + bytes });
  }
}

function usageOf(task: Used, session: Used): OutboundUsage {
  return {
    callsInTask: task.calls,
    bytesOut: task.bytesOut,
    callsInSession: session.calls,
    bytesOutSession: session.bytesOut,
  };
}
