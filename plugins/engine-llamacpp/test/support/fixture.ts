import {
  type EngineConnection,
  type EngineError,
  type EngineEvent,
  type EnginePrompt,
  type GenerateRequest,
  type Sampling,
} from '@llama-orch/plugin-sdk';
import {
  startFakeLlamaServer,
  type FakeLlamaOptions,
  type FakeLlamaServer,
} from '../../../../test/support/fake-llama-server/fake-llama-server.js';
import plugin, { llamaCppOptions } from '../../src/index.js';

export const GREEDY: Sampling = {
  temperature: 0,
  topP: 1,
  topK: 40,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repeatPenalty: 1,
  stop: [],
};
export const NEVER: AbortSignal = new AbortController().signal;

export interface Fixture {
  readonly fake: FakeLlamaServer;
  readonly connection: EngineConnection;
  readonly logs: string[];
}

export interface Run {
  readonly text: string;
  readonly events: readonly EngineEvent[];
  readonly error: EngineError | undefined;
}

const started: { close(): Promise<void> }[] = [];

/** Connects the adapter to a fake server of its own. */
export async function start(
  server: FakeLlamaOptions = {},
  options: object = {},
  contextTokens?: number,
): Promise<Fixture> {
  const fake = await startFakeLlamaServer(server);
  started.unshift(fake);
  const logs: string[] = [];
  const adapter = await plugin.create(llamaCppOptions.parse(options), { log: (_, message) => logs.push(message) });
  const connection = await adapter.connect({
    poolId: 'pool',
    replicaId: 'replica',
    url: fake.url,
    model: { ref: 'model', id: 'model' },
    slots: 4,
    loadTimeoutMs: 1_000,
    ...(contextTokens === undefined ? {} : { contextTokens }),
  });
  started.unshift(connection);
  return { fake, connection, logs };
}

/** Closes everything that `start` opened. */
export async function closeAll(): Promise<void> {
  for (const one of started.splice(0)) await one.close();
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

/** Looks again in each turn of the event loop until `holds`. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
