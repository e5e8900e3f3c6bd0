import {
  type EngineAdapterPlugin,
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineHealth,
  type EnginePrompt,
  GREEDY,
  type GenerateRequest,
} from '../../../contracts/engine.js';
import { demand, eventually, within } from '../../demand.js';
import { type Check, skip, type Skip } from '../../kit.js';
import { type EngineBench, type RequestChanges } from '../engine-bench.js';
import { type Transcript, transcribe } from '../transcript.js';
import { streamOf } from './answers.js';
import { type EngineWire, type WireReply, type WireRequest } from './engine-wire.js';
import { type Exchange, type Pieces, type Script, ScriptedServer } from './scripted-server.js';

/** Milliseconds within which the engine must see that its client is gone. */
const CLOSE_MS = 250;
const PROMPT: EnginePrompt = { type: 'text', text: 'hello' };

export interface WireOptions {
  /** Over those of wire and fixture. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** How the engine answers from the start. Default: `wire.reply`. */
  readonly answer?: (request: WireRequest) => WireReply | 'silence' | undefined;
}

/** An adapter that is connected to a scripted server. */
export class WireBench {
  #tasks = 0;
  #connections: EngineConnection[] = [];
  #description: EngineDescription | undefined;

  private constructor(
    readonly wire: EngineWire,
    readonly server: ScriptedServer,
    /** Everything that the adapter logged. */
    readonly logs: readonly string[],
    readonly patienceMs: number,
    private readonly create: (url: string) => Promise<EngineConnection>,
  ) {}

  static async open({ plugin, fixture, patienceMs }: EngineBench, wire: EngineWire, changes: WireOptions = {}) {
    const server = await ScriptedServer.start(wire.route);
    server.answer = changes.answer ?? ((request) => wire.reply(request));
    const logs: string[] = [];
    const elsewhere = wire.metrics?.url?.(server.origin);
    const options = { ...fixture.options, ...wire.options, ...elsewhere, ...changes.options };
    const adapter = await (plugin as EngineAdapterPlugin).create(plugin.options.parse(options), {
      log: (level, message, fields) => void logs.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    });
    const connect = (url: string) => adapter.connect({ ...endpointOf(wire), url });
    return new WireBench(wire, server, logs, patienceMs, connect);
  }

  get prompt(): EnginePrompt {
    return this.wire.prompt ?? PROMPT;
  }

  /** Connects once more; `close` ends the connection. */
  async connect(origin = this.server.origin): Promise<EngineConnection> {
    const connecting = this.create(origin + (this.wire.basePath ?? ''));
    const connection = await within(connecting, this.patienceMs, 'connect is stuck.');
    this.#connections.push(connection);
    return connection;
  }

  /** Connects to an engine that is ready. */
  async connectReady(): Promise<EngineConnection> {
    const connection = await this.connect();
    const isReady = await eventually(async () => (await this.health(connection)).state === 'ready', this.patienceMs);
    demand(isReady, 'health did not say ready for what the fixture calls a ready engine; see wire.reply.');
    this.#description = await this.describe(connection);
    return connection;
  }

  /** What the latest engine said that was ready. */
  get description(): EngineDescription {
    demand(this.#description !== undefined, 'No engine was ready yet.');
    return this.#description;
  }

  health(connection: EngineConnection): Promise<EngineHealth> {
    return within(connection.health(new AbortController().signal), this.patienceMs, 'health is stuck.');
  }

  describe(connection: EngineConnection): Promise<EngineDescription> {
    return within(connection.describe(new AbortController().signal), this.patienceMs, 'describe is stuck.');
  }

  request({ sampling, ...changes }: RequestChanges = {}): GenerateRequest {
    const taskId = `wire-${++this.#tasks}`;
    return { taskId, prompt: this.prompt, seed: 1, maxTokens: 64, ...changes, sampling: { ...GREEDY, ...sampling } };
  }

  /** The whole answer to a script; errors are part of it. */
  async play(connection: EngineConnection, script: Script, changes?: RequestChanges): Promise<Transcript> {
    this.server.script = () => script;
    return this.run(connection, this.request(changes));
  }

  /** The whole answer to a stream that ends in an orderly way on the level of HTTP. */
  async stream(connection: EngineConnection, pieces: Pieces): Promise<Transcript> {
    return this.play(connection, streamOf(this.wire, pieces));
  }

  async run(connection: EngineConnection, request: GenerateRequest): Promise<Transcript> {
    const abort = new AbortController();
    try {
      return await transcribe(connection.generate(request, abort.signal), this.patienceMs);
    } finally {
      abort.abort();
    }
  }

  /** The latest call of the generate route, once it has come. */
  async arrived(count: number): Promise<Exchange> {
    const isThere = await eventually(() => this.server.exchanges.length >= count, this.patienceMs);
    demand(isThere, `generate did not call ${this.wire.route}; check wire.route, or send the request.`);
    return this.server.exchanges.at(-1)!;
  }

  inTime<Value>(promise: Promise<Value>, sentence: string): Promise<Value> {
    return within(promise, this.patienceMs, sentence);
  }

  /** Passes when the adapter closed the connection of a call before the reply was complete. */
  async demandAbandoned(exchange: Exchange, when: string, ms = CLOSE_MS): Promise<void> {
    const isClosed = await eventually(() => exchange.isAbandoned, ms);
    demand(isClosed, `The connection to the engine was not closed within ${ms} ms ${when}; close it in the same turn.`);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.splice(0)) {
      await within(connection.close(), this.patienceMs, 'close is stuck.');
    }
    await this.server.close();
  }
}

type WireRun = (bench: WireBench) => Promise<Skip | void>;

/** A check that plays an engine; it is moot for engines without a wire. */
export function onWire(name: string, run: WireRun, optionsOf: (wire: EngineWire) => WireOptions | Skip = () => ({})) {
  const check: Check<EngineBench> = {
    name,
    async run(engineBench) {
      const { wire, withoutWire } = engineBench.fixture;
      if (!wire) return skip(withoutWire ?? 'the fixture describes no wire');
      const options = optionsOf(wire);
      if ('skipped' in options) return options;
      const bench = await WireBench.open(engineBench, wire, options);
      try {
        return await run(bench);
      } finally {
        await bench.close();
      }
    },
  };
  return check;
}

function endpointOf(wire: EngineWire): EngineEndpoint {
  return {
    poolId: 'pool',
    replicaId: 'replica',
    model: { ref: 'wire-model', id: 'wire-model' },
    slots: 4,
    loadTimeoutMs: 5_000,
    ...wire.endpoint,
  };
}
