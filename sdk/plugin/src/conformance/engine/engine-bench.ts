import {
  type EngineAdapterPlugin,
  type EngineConnection,
  type EngineDescription,
  type EnginePrompt,
  GREEDY,
  type GenerateRequest,
  type Sampling,
} from '../../contracts/engine.js';
import { demand, eventually, within } from '../demand.js';
import { createPlugin, type PluginSubject } from '../plugin-checks.js';
import { type EngineFixture, type EngineUnderTest } from './engine-kit.js';
import { type Transcript, transcribe } from './transcript.js';

/** An engine that is ready, with the adapter connected to it. */
export interface ReadyEngine {
  readonly engine: EngineUnderTest;
  readonly connection: EngineConnection;
  readonly description: EngineDescription;
  close(): Promise<void>;
}

/** What differs from a plain request: temperature 0, seed 1, 8 tokens. */
export interface RequestChanges {
  readonly seed?: number;
  readonly maxTokens?: number;
  readonly sampling?: Partial<Sampling>;
  readonly jsonSchema?: unknown;
}

const PATIENCE_MS = 5_000;

/** One engine that most checks share, and a way to start more. */
export class EngineBench implements PluginSubject {
  #tasks = 0;

  private constructor(
    readonly plugin: PluginSubject['plugin'],
    readonly fixture: EngineFixture,
    private readonly shared: ReadyEngine | undefined,
  ) {}

  static async open(plugin: EngineAdapterPlugin, fixture: EngineFixture): Promise<EngineBench> {
    const shared = fixture.startEngine ? await startReady(plugin, fixture) : undefined;
    return new EngineBench(plugin, fixture, shared);
  }

  get options(): Readonly<Record<string, unknown>> {
    return this.fixture.options ?? {};
  }
  get patienceMs(): number {
    return this.fixture.patienceMs ?? PATIENCE_MS;
  }
  get connection(): EngineConnection {
    return this.live.connection;
  }
  get description(): EngineDescription {
    return this.live.description;
  }
  get engine(): EngineUnderTest {
    return this.live.engine;
  }
  get isLive(): boolean {
    return this.shared !== undefined;
  }
  get isExact(): boolean {
    return this.description.determinism === 'exact';
  }

  /** Another engine, for a check that ends it. The caller closes it. */
  startAnother(): Promise<ReadyEngine> {
    return startReady(this.plugin as EngineAdapterPlugin, this.fixture);
  }

  request(prompt: EnginePrompt, { sampling, ...changes }: RequestChanges = {}): GenerateRequest {
    return {
      taskId: `conformance-${++this.#tasks}`,
      prompt,
      seed: 1,
      maxTokens: 8,
      ...changes,
      sampling: { ...GREEDY, ...sampling },
    };
  }

  /** The whole answer; errors are part of it. */
  async run(prompt: EnginePrompt, changes?: RequestChanges): Promise<Transcript> {
    const abort = new AbortController();
    try {
      const request = this.request(prompt, changes);
      return await transcribe(this.connection.generate(request, abort.signal), this.patienceMs);
    } finally {
      // An answer that a check gave up on must not hold a slot of the shared engine.
      abort.abort();
    }
  }

  /** The whole answer of a request that must succeed. */
  async answer(prompt: EnginePrompt, changes?: RequestChanges): Promise<Transcript> {
    const transcript = await this.run(prompt, changes);
    if (transcript.error !== undefined) throw transcript.error;
    return transcript;
  }

  /** Proves that no slot is held: by the engine's own count, and by using every slot at once. */
  async demandFreeSlots(afterWhat: string): Promise<void> {
    const { busySlots } = this.engine;
    if (busySlots) {
      const isFree = await eventually(
        async () => (await busySlots(this.connection)) === 0,
        Math.min(1_000, this.patienceMs),
      );
      demand(isFree, `A slot is still busy one second after ${afterWhat}; give it back in a finally.`);
    }
    const all = Array.from({ length: this.description.slots }, () =>
      this.run(this.fixture.prompts.short, { maxTokens: 1 }),
    );
    for (const { error } of await Promise.all(all)) {
      demand(error === undefined, `Not all slots can be used after ${afterWhat}: ${String(error)}. Free the slot.`);
    }
  }

  async close(): Promise<void> {
    await this.shared?.close();
  }

  private get live(): ReadyEngine {
    demand(this.shared !== undefined, 'The fixture starts no engine; add startEngine.');
    return this.shared;
  }
}

async function startReady(plugin: EngineAdapterPlugin, fixture: EngineFixture): Promise<ReadyEngine> {
  const patienceMs = fixture.patienceMs ?? PATIENCE_MS;
  const adapter = await createPlugin(plugin, fixture.options ?? {});
  const engine = await fixture.startEngine!();
  const connection = await adapter.connect(engine.endpoint);
  const isReady = await eventually(() => isHealthy(connection, patienceMs), engine.endpoint.loadTimeoutMs);
  demand(isReady, 'health did not say ready within loadTimeoutMs; answer "ready" once the model is loaded.');
  const description = await within(connection.describe(new AbortController().signal), patienceMs, 'describe is stuck.');
  const close = async (): Promise<void> => {
    await within(connection.close(), patienceMs, 'close is stuck.');
    await engine.stop?.();
  };
  return { engine, connection, description, close };
}

async function isHealthy(connection: EngineConnection, patienceMs: number): Promise<boolean> {
  const { state, reason } = await within(
    connection.health(new AbortController().signal),
    patienceMs,
    'health is stuck.',
  );
  demand(['ready', 'loading', 'failed'].includes(state), `health said "${state}"; say ready, loading or failed.`);
  demand(state !== 'failed', `The engine failed to load: ${reason ?? 'no reason given'}.`);
  return state === 'ready';
}
