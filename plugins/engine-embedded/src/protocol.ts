import {
  type EndEvent,
  type EngineErrorCode,
  type EnginePrompt,
  type GenerateRequest,
  type Sampling,
} from '@llama-orch/plugin-sdk';

/** What the runner needs to open a model file. Travels as the first frame, so that no path shows in a process list. */
export interface OpenFrame {
  readonly type: 'open';
  readonly modelPath: string;
  readonly slots: number;
  readonly contextTokens?: number;
  /** Absent: chosen from the size of the file and the machine. */
  readonly threads?: number;
  readonly gpu: GpuChoice;
  /** Layers put on the GPU; absent: as many as fit. */
  readonly gpuLayers?: number;
}

export type GpuChoice = false | 'auto' | 'cuda' | 'vulkan' | 'metal';

export interface GenerateFrame {
  readonly type: 'generate';
  readonly id: number;
  readonly prompt: EnginePrompt;
  readonly sampling: Sampling;
  readonly seed: number;
  readonly maxTokens: number;
  readonly jsonSchema?: GenerateRequest['jsonSchema'];
}

/** Daemon to runner. */
export type RunnerCommand =
  | OpenFrame
  /** Answers `inspected`: go on and load the file. */
  | { readonly type: 'load' }
  | GenerateFrame
  | { readonly type: 'cancel' | 'pause' | 'resume'; readonly id: number }
  | { readonly type: 'count'; readonly id: number; readonly prompt: EnginePrompt }
  | { readonly type: 'shutdown' };

/** A failure as it travels; becomes an `EngineError` in the daemon. The message holds no path and no prompt. */
export interface Failure {
  readonly code: EngineErrorCode;
  readonly reason: string;
  readonly message: string;
  readonly memory?: 'vram' | 'host';
  /** The engine's own words, for the log alone. */
  readonly detail?: string;
}

/** What is known of a loaded model. */
export interface ModelFacts {
  readonly engineVersion: string;
  readonly digest: string;
  readonly quant?: string;
  readonly slots: number;
  readonly contextTokens: number;
  readonly threads: number;
  readonly device: string;
  /** The beginning of a prompt may be read from the KV cache. */
  readonly reusesPrefix: boolean;
}

/** Runner to daemon. One message is an array of frames: everything that one tick brought. */
export type RunnerFrame =
  /** The header is sound; loading waits for `load`. */
  | { readonly type: 'inspected'; readonly digest: string }
  | { readonly type: 'ready'; readonly facts: ModelFacts }
  /** The model cannot be served; the runner ends by itself. */
  | { readonly type: 'refused'; readonly failure: Failure }
  | { readonly type: 'delta'; readonly id: number; readonly text: string; readonly tokens: number }
  /** The generation is over and its slot is free. */
  | { readonly type: 'done'; readonly id: number; readonly end: Omit<EndEvent, 'type'> }
  | { readonly type: 'cancelled'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure }
  | { readonly type: 'counted'; readonly id: number; readonly tokens: number }
  | { readonly type: 'heartbeat' };

/** Milliseconds between two heartbeats of the runner. */
export const HEARTBEAT_MS = 1_000;
