import type { EngineDescription, TokenEvent, Usage } from '@llama-orch/plugin-sdk';
import { type ErrorCode, type ErrorMembers } from '../kernel/errors.js';
import { type GpuReading } from '../pools/replica.js';
import { type Remaining } from '../sessions/tariff.js';

export type FinishReason = 'stop' | 'length' | 'cancelled' | 'budget';

/** Members of the `started` frame, as on the wire. */
export interface StartedFrame {
  readonly queue_position: number;
  readonly predicted_start_ms: number;
  readonly queue_time_ms: number;
  readonly engine: string;
  readonly engine_version: string;
  readonly model_digest: string | null;
  readonly pool_id: string;
  readonly replica_id: string;
  readonly seed: number | string;
  readonly sampler_profile_version: string;
  readonly determinism: EngineDescription['determinism'];
  readonly prompt_tokens?: number;
  readonly kv_warmth?: boolean;
}

export interface MetricsFrame extends Remaining {
  readonly queue_depth: number;
  readonly on_time_probability: number;
  readonly tokens_out: number;
  readonly replica_id: string;
  readonly requeued?: true;
  readonly failover?: true;
  readonly preempted?: true;
  readonly resumable?: true;
  readonly kv_warmth?: boolean;
  readonly kv_migrated?: false;
  readonly gpu?: readonly GpuReading[];
}

export interface EndFrame {
  readonly tokens_out: number;
  readonly decode_ms: number;
  readonly finish_reason: FinishReason;
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly cached_tokens?: number;
    readonly completion_tokens: number;
  };
  readonly output?: { readonly embeddings: readonly (readonly number[])[] } | { readonly scores: readonly number[] };
}

export interface ErrorFrame extends ErrorMembers {
  readonly code: ErrorCode;
  readonly message: string;
  readonly engine: string | null;
  readonly pool_id: string;
  readonly retriable: boolean;
  readonly correlation_id: string;
}

/** What the engine said when it finished by itself. */
export interface Answer {
  readonly finish: 'stop' | 'length';
  readonly usage: Usage;
  readonly output?: EndFrame['output'];
}

/** How a task ends: the last frame of its log. */
export type TerminalFrame =
  { readonly type: 'end'; readonly data: EndFrame } | { readonly type: 'error'; readonly data: ErrorFrame };

/** One frame as text; its `data` is one line because JSON text never holds a raw line break. */
export function frameText(seq: number, event: string, json: string): string {
  return `id: ${seq}\nevent: ${event}\ndata: ${json}\n\n`;
}

/** The `token` frame from constant parts: only the text itself is run through the JSON writer. */
export function tokenFrameText(seq: number, index: number, token: TokenEvent): string {
  const extra =
    (token.logprob === undefined ? '' : `,"logprob":${token.logprob}`) + (token.reasoning ? ',"reasoning":true' : '');
  return `id: ${seq}\nevent: token\ndata: {"t":${JSON.stringify(token.text)},"i":${index}${extra}}\n\n`;
}

export function usageMembers(usage: Usage): NonNullable<EndFrame['usage']> {
  return {
    prompt_tokens: usage.promptTokens,
    ...(usage.cachedTokens === undefined ? {} : { cached_tokens: usage.cachedTokens }),
    completion_tokens: usage.completionTokens,
  };
}

/** A stretch of an answer: of its output, or of the reasoning before it. */
export interface Piece {
  readonly text: string;
  readonly reasoning: boolean;
}

/** What the `token` frames inside a part of a log tell, token by token. */
export function piecesOf(frames: string): Piece[] {
  return frames.split('\n\n').flatMap((frame) => {
    const at = frame.indexOf('\nevent: token\ndata: ');
    if (at < 0) return [];
    const data = JSON.parse(frame.slice(at + '\nevent: token\ndata: '.length)) as { t: string; reasoning?: boolean };
    return { text: data.t, reasoning: data.reasoning === true };
  });
}

/** The same answer with neighbours of one kind put together. */
export function joined(pieces: readonly Piece[]): Piece[] {
  const long: Piece[] = [];
  for (const { text, reasoning } of pieces) {
    const last = long.at(-1);
    if (last?.reasoning === reasoning) long[long.length - 1] = { text: last.text + text, reasoning };
    else long.push({ text, reasoning });
  }
  return long;
}

/** Reasoning is not output. */
export function outputText(pieces: readonly Piece[]): string {
  let output = '';
  for (const { text, reasoning } of pieces) if (!reasoning) output += text;
  return output;
}
