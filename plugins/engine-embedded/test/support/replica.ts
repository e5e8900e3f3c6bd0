import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import {
  type EngineAdapter,
  type EngineConnection,
  type EngineEvent,
  type EnginePrompt,
  GREEDY,
  type GenerateRequest,
  type Sampling,
} from '@llama-orch/plugin-sdk';

import plugin from '../../src/index.js';

export { GREEDY };
export const HAIKU_DIGEST = 'sha256:0a82c0267eda3da7c193064f2018b3f66526d8058a2c4c08c384d79d6732b1e5';
export const never: AbortSignal = new AbortController().signal;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ReplicaWish {
  readonly path?: string;
  readonly ref?: string;
  readonly slots?: number;
  readonly contextTokens?: number;
  readonly loadTimeoutMs?: number;
}

/** A connection whose process id is known to the tests. */
export type Replica = EngineConnection & { readonly runnerPid: number; readonly lost: Promise<Error> };

const opened: EngineConnection[] = [];
// A test that fails half-way leaves no process behind.
afterAll(() => Promise.all(opened.map((replica) => replica.close())));

export async function createAdapter(options: unknown = {}, lines: LogLine[] = []): Promise<EngineAdapter> {
  return plugin.create(plugin.options.parse(options), {
    log: (level, message, fields = {}) => lines.push({ level, message, fields }),
  });
}

export async function connect(adapter: EngineAdapter, wish: ReplicaWish = {}): Promise<Replica> {
  const { path, ref = 'haiku-nano', slots = 1, contextTokens, loadTimeoutMs = 15_000 } = wish;
  const replica = (await adapter.connect({
    poolId: 'pool',
    replicaId: 'replica',
    model: { ref, id: ref, ...(path !== undefined && { path }) },
    slots,
    loadTimeoutMs,
    ...(contextTokens !== undefined && { contextTokens }),
  })) as Replica;
  opened.push(replica);
  return replica;
}

/** Connects and waits until the replica is no longer loading. */
export async function open(adapter: EngineAdapter, wish: ReplicaWish = {}): Promise<Replica> {
  const replica = await connect(adapter, wish);
  await until(async () => (await replica.health(never)).state !== 'loading');
  return replica;
}

export async function openHaiku(wish: ReplicaWish = {}): Promise<Replica> {
  return open(await createAdapter(), wish);
}

export function text(prompt: string): EnginePrompt {
  return { type: 'text', text: prompt };
}

export function chat(content: string): EnginePrompt {
  return { type: 'chat', messages: [{ role: 'user', content }] };
}

export function haikuPrompt(minute: string, nonce: string): EnginePrompt {
  return chat(`Write a haiku about the minute ${minute} and include the nonce "${nonce}".`);
}

export type Wish = Partial<Omit<GenerateRequest, 'sampling'>> & { readonly sampling?: Partial<Sampling> };

export function requestFor(prompt: EnginePrompt, { sampling, ...rest }: Wish = {}): GenerateRequest {
  return { taskId: 'task', prompt, seed: 1, maxTokens: 80, ...rest, sampling: { ...GREEDY, ...sampling } };
}

export interface Reply {
  readonly text: string;
  readonly events: readonly EngineEvent[];
  /** Tokens that the token events stand for. */
  readonly tokens: number;
  readonly end: Extract<EngineEvent, { type: 'end' }> | undefined;
}

export async function ask(replica: EngineConnection, prompt: EnginePrompt, wish: Wish = {}): Promise<Reply> {
  const events: EngineEvent[] = [];
  for await (const batch of replica.generate(requestFor(prompt, wish), never)) events.push(...batch);
  return replyOf(events);
}

export function replyOf(events: readonly EngineEvent[]): Reply {
  const said = events.filter((event) => event.type === 'token');
  const last = events.at(-1);
  return {
    text: said.map((event) => event.text).join(''),
    tokens: said.reduce((sum, event) => sum + (event.tokens ?? 1), 0),
    events,
    end: last?.type === 'end' ? last : undefined,
  };
}

/** Polls a condition; the runner of the tests sets the limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(5);
}

/** Whether a process still runs; one that nobody has reaped yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
