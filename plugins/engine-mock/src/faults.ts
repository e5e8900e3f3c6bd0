import { EngineError } from '@llama-orch/plugin-sdk';
import { type Fault, type RunFault } from './options.js';

/** A task and the faults that its own prompt asked for. */
export interface FaultyTask {
  readonly taskId: string;
  readonly faults: readonly RunFault[];
}

/** Tasks whose requested faults are remembered, so that `x1` strikes once although the task is tried again. */
const REMEMBERED_TASKS = 1_000;

/** Decides which fault strikes when, and counts how often; shared by all replicas of one adapter. */
export class Faults {
  readonly #struck = new Map<Fault, number>();
  readonly #struckByTask = new Map<string, number>();

  constructor(private readonly configured: readonly Fault[]) {}

  /** True when the replica that connects now shall never become ready. */
  takeNeverReady(): boolean {
    const fault = this.configured.find((one) => one.kind === 'never-ready' && this.#isLeft(one));
    if (fault) this.#count(fault);
    return fault !== undefined;
  }

  /** The fault that strikes once `delivered` tokens are out. */
  takeAt(delivered: number, task: FaultyTask): RunFault | undefined {
    return this.#takeRequested(delivered, task) ?? this.#takeConfigured(delivered);
  }

  /** Tokens that may still be delivered before the next fault could strike. */
  distance(delivered: number, task: FaultyTask): number {
    const later = [...task.faults, ...this.configured].flatMap((fault) =>
      fault.kind !== 'never-ready' && fault.at_token > delivered ? [fault.at_token - delivered] : [],
    );
    return Math.min(Infinity, ...later);
  }

  #takeConfigured(delivered: number): RunFault | undefined {
    for (const fault of this.configured) {
      if (fault.kind === 'never-ready' || fault.at_token !== delivered || !this.#isLeft(fault)) continue;
      this.#count(fault);
      return fault;
    }
    return undefined;
  }

  #takeRequested(delivered: number, { taskId, faults }: FaultyTask): RunFault | undefined {
    for (const [index, fault] of faults.entries()) {
      const key = `${taskId} ${index}`;
      const struck = this.#struckByTask.get(key) ?? 0;
      if (fault.at_token !== delivered || struck >= (fault.times ?? Infinity)) continue;
      if (fault.times !== undefined) this.#remember(key, struck + 1);
      return fault;
    }
    return undefined;
  }

  #remember(key: string, struck: number): void {
    this.#struckByTask.set(key, struck);
    if (this.#struckByTask.size <= REMEMBERED_TASKS) return;
    const [oldest] = this.#struckByTask.keys();
    this.#struckByTask.delete(oldest!);
  }

  #isLeft(fault: Fault): boolean {
    return (this.#struck.get(fault) ?? 0) < (fault.times ?? Infinity);
  }

  #count(fault: Fault): void {
    this.#struck.set(fault, (this.#struck.get(fault) ?? 0) + 1);
  }
}

/** The error that a fault shows to the host; a stall shows none. */
export function errorOf(fault: Exclude<RunFault, { kind: 'stall' }>): EngineError {
  switch (fault.kind) {
    case 'reset':
      return new EngineError('reset', 'The mock engine cut the stream, as asked for.', { reason: 'stream_truncated' });
    case 'die':
      return new EngineError('reset', 'The mock engine died, as asked for.', { reason: 'engine_crashed' });
    case 'out-of-memory':
      return new EngineError('out-of-memory', 'The mock engine ran out of memory, as asked for.', {
        reason: 'alloc',
        memory: 'vram',
      });
    case 'error':
      return new EngineError(fault.code, `The mock engine failed with ${fault.code}, as asked for.`, {
        reason: 'injected',
      });
  }
}
