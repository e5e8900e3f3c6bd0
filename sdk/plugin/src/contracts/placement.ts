import type { Plugin, PluginDefinition } from './plugin.js';

/** The task as far as placement may look at it. */
export interface PlacementTask {
  readonly taskId: string;
  readonly sessionId?: string;
  readonly priority: 'interactive' | 'batch';
  /** Counted by the engine or estimated from the text. Absent unless the strategy {@link PlacementStrategy.needs} `rates`. */
  readonly promptTokens?: number;
  /** Tokens of its answer: what the caller expects, else the median of the pool's last answers. Absent unless `rates` is needed. */
  readonly expectedTokens?: number;
}

/** Facts beyond slots and labels that cost something to gather; the host gathers those that a strategy names. */
export type PlacementFact = 'memory' | 'rates' | 'dispatches' | 'warmth';

/** How fast a replica works, in tokens per second of one slot while its other slots are idle. */
export interface ReplicaRates {
  readonly prefillTps: number;
  readonly decodeTps: number;
  /** Share by which each further busy slot slows all of them; 0: slots do not feel each other. */
  readonly slowdown: number;
  /** How far the rates may be off, as a share of themselves: near 0 when they were measured often, 1 when they are only declared. */
  readonly uncertainty: number;
}

/** A snapshot of one Ready replica with at least one free slot. */
export interface PlacementCandidate {
  readonly replicaId: string;
  readonly slotsTotal: number;
  readonly slotsBusy: number;
  /** Free memory of its fullest device. Absent unless `memory` is needed, and when neither a GPU probe nor a declaration knows it. */
  readonly freeVramBytes?: number;
  /** Learned from its own runs, from those of the same model on the same kind of device, and before those declared. Absent unless `rates` is needed. */
  readonly rates?: ReplicaRates;
  /** Tasks that it was given so far; one that joins later starts with as many as the least of the others. Absent unless `dispatches` is needed. */
  readonly dispatches?: number;
  /** Tokens of the prompt that its cache holds from the session's last turn, at most. Absent unless `warmth` is needed, and where nothing is warm. */
  readonly warmTokens?: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Ranked {
  readonly replicaId: string;
  /** Lower is better; only its order matters. */
  readonly score: number;
  /** One sentence for the receipt. */
  readonly why: string;
}

/** What a new replica needs on the devices that it gets. */
export interface Footprint {
  readonly weightsBytes: number;
  /** Key-value cache of all its slots together. */
  readonly kvBytes: number;
  /** Shares of the devices, in the order of the mask, where one model is spread over several. */
  readonly tensorSplit?: readonly number[];
}

/** A device of the mask, as the ledger of memory has it. */
export interface GpuRoom {
  readonly index: number;
  readonly vramTotalBytes: number;
  /** Neither in use nor promised to a replica that is still loading. */
  readonly freeBytes: number;
}

/** Decides where. Pure and synchronous: ranking and leasing happen in one turn. */
export interface PlacementStrategy {
  /** Facts that it ranks by. Default: none of them. */
  readonly needs?: readonly PlacementFact[];
  /**
   * Best first. Each item names a candidate; what is left out is not used.
   * The host breaks equal scores by `replicaId` and refuses ids that were not offered.
   */
  rank(task: PlacementTask, candidates: readonly PlacementCandidate[]): readonly Ranked[];
  /**
   * Indexes of the devices that a new replica takes, or undefined when none has room. Default: the one with the most free
   * memory that the footprint fits on; with `tensorSplit` all of them, each by its share.
   */
  fit?(footprint: Footprint, gpus: readonly GpuRoom[]): readonly number[] | undefined;
}

export type PlacementStrategyPlugin<Options = unknown> = Plugin<'placement-strategy', Options, PlacementStrategy>;

/** Declares a placement strategy: the default export of its package. */
export function definePlacementStrategy<Options>(
  definition: PluginDefinition<Options, PlacementStrategy>,
): PlacementStrategyPlugin<Options> {
  return { ...definition, kind: 'placement-strategy' };
}
