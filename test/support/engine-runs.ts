import { setTimeout as pause } from 'node:timers/promises';
import {
  type EngineConnection,
  type EngineError,
  type EngineEvent,
  type EnginePrompt,
  GREEDY,
  type GenerateRequest,
} from '@llama-orch/plugin-sdk';

export const NEVER: AbortSignal = new AbortController().signal;

export interface Run {
  readonly text: string;
  readonly events: readonly EngineEvent[];
  readonly error: EngineError | undefined;
}

const opened: { close(): Promise<void> }[] = [];

/** Closes `one` with `closeAll`, before what was opened earlier. */
export function closing<One extends { close(): Promise<void> }>(one: One): One {
  opened.unshift(one);
  return one;
}

/** Closes everything that was handed to `closing`. */
export async function closeAll(): Promise<void> {
  for (const one of opened.splice(0)) await one.close();
}

export function text(content: string): EnginePrompt {
  return { type: 'text', text: content };
}

export function chat(...contents: readonly string[]): EnginePrompt {
  return { type: 'chat', messages: contents.map((content) => ({ role: 'user', content })) };
}

export function request(prompt: EnginePrompt, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  return { taskId: 'task', prompt, sampling: GREEDY, seed: 1, maxTokens: 8, ...changes };
}

/** Runs one generation to its end, whichever it is; `onBatch` sees each batch when it comes. */
export async function run(
  connection: EngineConnection,
  wanted: GenerateRequest,
  signal: AbortSignal = NEVER,
  onBatch: (events: readonly EngineEvent[]) => void = () => undefined,
): Promise<Run> {
  const events: EngineEvent[] = [];
  let error: EngineError | undefined;
  try {
    for await (const batch of connection.generate(wanted, signal)) {
      events.push(...batch);
      onBatch(batch);
    }
  } catch (thrown) {
    error = thrown as EngineError;
  }
  return { events, error, text: events.map((event) => (event.type === 'token' ? event.text : '')).join('') };
}

const LOOK_MS = 5;

/** Milliseconds until `holds`, counted in looks: a machine that is slow, or stands still, is so in looking as well. */
export async function msUntil(holds: () => boolean): Promise<number> {
  for (let looks = 0; ; looks += 1) {
    if (holds()) return looks * LOOK_MS;
    await pause(LOOK_MS);
  }
}

/** Looks again in each turn of the event loop until `holds`. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
