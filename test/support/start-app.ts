import { type INestApplicationContext } from '@nestjs/common';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StreamFrame, type Task, type TaskAccepted } from '@llama-orch/client';
import { type App, startApp } from '../../src/app.js';
import { parseConfig } from '../../src/config/index.js';
import { type Network } from '../../src/egress/guard/network.js';
import { poolId } from '../../src/kernel/ids.js';
import { Pools } from '../../src/pools/pools.js';
import { storePath } from '../../src/persistence/store/connection-path.js';
import { redactorOf } from '../../src/secrets.js';
import { Logger, type LogFields, type LogLevel } from '../../src/observability/logger.js';
import { Events, type EventsOptions } from './read-events.js';
import { eventually } from './eventually.js';

export interface LogLine extends LogFields {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
}

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** The text that was sent, before it was parsed. */
  readonly text: string;
  readonly body: Body;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, text and bytes as they are. */
  readonly body?: unknown;
}

const opened: TestApp[] = [];
// A test that fails half-way leaves no daemon behind.
afterAll(() => Promise.all(opened.map((app) => app.close())));

/** Starts the real daemon in this process on a free port, and waits until `readyPools` are Ready (default: all). */
export async function startTestApp(
  config: TestConfig = {},
  readyPools?: readonly string[],
  network?: Network,
): Promise<TestApp> {
  const app = await TestApp.start(config, network);
  opened.push(app);
  for (const pool of readyPools ?? app.poolIds) await app.untilReady(pool);
  return app;
}

/** A configuration as a file has it; the address is always a free port of loopback unless it is given. */
export type TestConfig = Readonly<Record<string, unknown>> & { readonly pools?: readonly PoolInput[] };
type PoolInput = Readonly<Record<string, unknown>> & { readonly id?: string };

/** A pool of the mock engine with model `mock-model`; `pool` overrides whatever it names. */
export function mockPool(options: object = {}, pool: PoolInput = {}): PoolInput {
  return {
    id: 'mock',
    engine: 'mock',
    model: 'mock-model',
    allow_mock: true,
    options,
    backoff: { initial_ms: 20, max_ms: 100, jitter: 0 },
    probe: { interval_ms: 50 },
    ...pool,
  };
}

/** A data folder that no daemon had yet, with the store that it would make at its first start. */
function newDataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-data-'));
  copyFileSync(process.env['LLAMA_ORCH_TEST_MIGRATED_STORE']!, storePath(folder));
  return folder;
}

/** A completion for {@link mockPool}; `prompt` may hold controls of the mock engine. */
export function completion(prompt = 'a frog', more: object = {}): Record<string, unknown> {
  return { workload: 'completion', model_ref: 'mock-model', priority: 'interactive', prompt, max_tokens: 64, ...more };
}

/** A daemon under test and the short ways to talk to it. */
export class TestApp {
  private constructor(
    readonly app: App,
    readonly poolIds: readonly string[],
    /** Everything that the daemon logged. */
    readonly lines: readonly LogLine[],
    /** Its data folder. */
    readonly folder: string,
  ) {}

  static async start(input: TestConfig, network?: Network): Promise<TestApp> {
    const folder = newDataFolder();
    const storage = { data_dir: folder };
    const catalog = { weights_dir: join(folder, 'weights') };
    const config = parseConfig({ server: { bind: '127.0.0.1:0' }, pools: [mockPool()], storage, catalog, ...input });
    const logger = new MemoryLogger();
    const redactor = redactorOf(config, process.env);
    const own = { baseFolder: process.cwd(), version: '0.0.0-test', ...(network !== undefined && { network }) };
    const app = await startApp({ config, logger, redactor, ...own }).catch((error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    });
    return new TestApp(
      app,
      config.pools.map((pool) => pool.id),
      logger.lines,
      folder,
    );
  }

  get url(): string {
    return this.app.url;
  }

  private get pools(): Pools {
    return (Reflect.get(this.app, 'nest') as INestApplicationContext).get(Pools);
  }

  async close(): Promise<void> {
    await this.app.endNow();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async call<Body = unknown>(path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer<Body>> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (isJson ? JSON.parse(text) : text) as Body,
    };
  }

  /** POST /v1/tasks, whatever the answer. */
  post<Body = Record<string, unknown>>(
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<Body>> {
    return this.call('/v1/tasks', { method: 'POST', body, headers });
  }

  /** POST /v1/tasks that has to be admitted. */
  async submit(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<TaskAccepted> {
    const answer = await this.post<TaskAccepted>(body, headers);
    if (answer.status !== 202) throw new Error(`the task was not admitted: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  cancel(taskId: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call(`/v1/tasks/${taskId}/cancel`, { method: 'POST', headers });
  }

  async task(taskId: string): Promise<Task> {
    return (await this.call<Task>(`/v1/tasks/${taskId}`)).body;
  }

  /** Opens a task's stream; the caller reads it or closes it. */
  follow(taskId: string, options: EventsOptions = {}): Promise<Events> {
    return Events.open(`${this.url}/v1/tasks/${taskId}/stream`, options);
  }

  /** All frames of a task until its stream is over. */
  async frames(taskId: string, options: EventsOptions = {}): Promise<StreamFrame[]> {
    return (await this.follow(taskId, options)).rest();
  }

  /** Value of one series; undefined when there is none. Labels that are not named are not looked at. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const { text } = await this.call('/metrics');
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const line = text.split('\n').find((one) => isSeries(one, name) && wanted.every((pair) => one.includes(pair)));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
  }

  /** Asked inside: the route may want a key. */
  async untilReady(pool: string): Promise<void> {
    await eventually(() => expect(this.pools.get(poolId(pool))?.ready).toBe(true));
  }

  /** Waits until no slot is in use and nobody waits. */
  async untilIdle(pool = 'mock'): Promise<void> {
    await eventually(async () => {
      expect(await this.metric('active_leases', { pool_id: pool })).toBe(0);
      expect(await this.metric('queue_depth', { pool_id: pool, priority: 'interactive' })).toBe(0);
      expect(await this.metric('queue_depth', { pool_id: pool, priority: 'batch' })).toBe(0);
    });
  }
}

class MemoryLogger extends Logger {
  readonly lines: LogLine[] = [];

  override log(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    this.lines.push({ ...fields, level, event, message });
  }

  override flush(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

function isRaw(body: unknown): body is string | Uint8Array<ArrayBuffer> {
  return typeof body === 'string' || body instanceof Uint8Array;
}

function isSeries(line: string, name: string): boolean {
  return line.startsWith(`${name}{`) || line.startsWith(`${name} `);
}
