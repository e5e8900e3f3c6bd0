import type { Plugin, PluginDefinition } from './plugin.js';

/** The task as far as placement may look at it. */
export interface PlacementTask {
  readonly taskId: string;
  readonly sessionId?: string;
  readonly priority: 'interactive' | 'batch';
}

/** A snapshot of one Ready replica with at least one free slot. */
export interface PlacementCandidate {
  readonly replicaId: string;
  readonly slotsTotal: number;
  readonly slotsBusy: number;
  /** Absent when no GPU probe knows it. */
  readonly freeVramBytes?: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Ranked {
  readonly replicaId: string;
  /** Lower is better; only its order matters. */
  readonly score: number;
  /** One sentence for the receipt. */
  readonly why: string;
}

/** Decides where. Pure and synchronous: ranking and leasing happen in one turn. */
export interface PlacementStrategy {
  /**
   * Best first. Each item names a candidate; what is left out is not used.
   * The host breaks equal scores by `replicaId` and refuses ids that were not offered.
   */
  rank(task: PlacementTask, candidates: readonly PlacementCandidate[]): readonly Ranked[];
}

export type PlacementStrategyPlugin<Options = unknown> = Plugin<'placement-strategy', Options, PlacementStrategy>;

/** Declares a placement strategy: the default export of its package. */
export function definePlacementStrategy<Options>(
  definition: PluginDefinition<Options, PlacementStrategy>,
): PlacementStrategyPlugin<Options> {
  return { ...definition, kind: 'placement-strategy' };
}
