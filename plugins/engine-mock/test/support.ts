import {
  type EngineError,
  type EngineEvent,
  type EnginePrompt,
  type GenerateRequest,
  type Sampling,
} from '@llama-orch/plugin-sdk';
import mock, { type MockConnection } from '../src/index.js';

export const SAMPLING: Sampling = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repeatPenalty: 1,
  stop: [],
};

export const text = (words: string): EnginePrompt => ({ type: 'text', text: words });

/** An adapter with these options; each call of the result is one replica. */
export function mockEngine(options: object = {}): (slots?: number) => Promise<MockConnection> {
  const adapter = mock.create(mock.options.parse(options), { log: () => undefined });
  return async (slots = 4) => {
    const model = { ref: 'mock', id: 'mock' };
    const endpoint = { poolId: 'pool', replicaId: 'replica', model, slots, loadTimeoutMs: 1_000 };
    return (await (await adapter).connect(endpoint)) as MockConnection;
  };
}

export function request(prompt: string | EnginePrompt, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    taskId: 'task',
    prompt: typeof prompt === 'string' ? text(prompt) : prompt,
    sampling: SAMPLING,
    seed: 7,
    maxTokens: 8,
    ...changes,
  };
}

export interface Outcome {
  readonly tokens: readonly string[];
  readonly end: (EngineEvent & { type: 'end' }) | undefined;
  readonly error: EngineError | undefined;
}

/** Reads an answer to its end, whatever that is. */
export async function run(
  connection: MockConnection,
  asked: GenerateRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  const events: EngineEvent[] = [];
  let error: EngineError | undefined;
  try {
    for await (const batch of connection.generate(asked, signal)) events.push(...batch);
  } catch (thrown) {
    error = thrown as EngineError;
  }
  return {
    tokens: events.flatMap((event) => (event.type === 'token' ? [event.text] : [])),
    end: events.find((event) => event.type === 'end'),
    error,
  };
}
