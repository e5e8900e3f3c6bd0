import { type PriorityClass } from '@llama-orch/plugin-sdk';

/** One task of a workload: what its caller asks for, what the engine will answer, and how the caller behaves. */
export interface TaskSpec {
  /** Virtual ms since the start. */
  readonly arrivalMs: number;
  readonly promptTokens: number;
  /** Tokens that the engine will really produce; nothing that decides may look at it. */
  readonly outputTokens: number;
  readonly maxTokens: number;
  readonly expectedTokens: number | undefined;
  readonly priority: PriorityClass;
  readonly tenant: string;
  readonly session: string | undefined;
  /** Pools that do not serve it are no candidates; undefined fits every pool. */
  readonly model: string | undefined;
  /** From the first arrival to the end of the answer. */
  readonly deadlineMs: number | undefined;
  /** The caller cancels when the answer is not complete by then. */
  readonly cancelAfterMs: number | undefined;
  /** How often the caller comes again after a refusal, each time after the wait that it was told. */
  readonly retries: number;
}

/** A replica that dies and may come back, as a workload or a fleet file has it. */
export interface Fault {
  /** Index over all replicas of the fleet, in their order. */
  readonly replica: number;
  readonly atMs: number;
  /** Absent: it stays away. */
  readonly backMs: number | undefined;
}

/** Tasks in the order of their arrival; each walk over `tasks()` gives the same ones. */
export interface Workload {
  readonly name: string;
  readonly count: number;
  readonly faults: readonly Fault[];
  tasks(): Iterable<TaskSpec>;
}
