import {
  type EngineAdapter,
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  EngineError,
  type EngineEvent,
  type EngineHealth,
  type GenerateRequest,
} from '@llama-orch/plugin-sdk';

export const DESCRIPTION: EngineDescription = {
  engineVersion: 'fake-1',
  slots: 1,
  contextTokens: 4096,
  workloads: ['completion'],
  determinism: 'exact',
  seedBits: 32,
  features: { params: ['temperature', 'top_p', 'top_k'], chat: true, interruptibleDecode: true },
};

const USAGE = { promptTokens: 3, completionTokens: 0, exact: true } as const;

/** One decode whose events a test writes. */
export class FakeRun {
  /** The engine keeps its slot after an abort until `free` is called. */
  stuck = false;
  /** The engine goes on yielding after an abort, which it may not. */
  rude = false;
  settled = false;
  private readonly batches: (readonly EngineEvent[])[] = [];
  private failure: Error | undefined;
  private over = false;
  private wake: () => void = () => {};

  constructor(
    readonly request: GenerateRequest,
    readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  get live(): boolean {
    return !this.settled && !this.over;
  }

  tokens(...texts: readonly string[]): void {
    this.push(texts.map((text) => ({ type: 'token', text })));
  }

  end(finish: 'stop' | 'length' = 'stop'): void {
    this.push([{ type: 'end', finish, engineFinish: finish, usage: USAGE }]);
    this.close();
  }

  /** The stream is over without an end. */
  close(): void {
    this.over = true;
    this.wake();
  }

  fail(failure: Error): void {
    this.failure = failure;
    this.close();
  }

  free(): void {
    this.stuck = false;
    this.wake();
  }

  push(batch: readonly EngineEvent[]): void {
    this.batches.push(batch);
    this.wake();
  }

  async *events(): AsyncGenerator<readonly EngineEvent[]> {
    try {
      for (;;) {
        const batch = this.signal.aborted && !this.rude ? undefined : this.batches.shift();
        if (batch !== undefined) yield batch;
        else if (this.isDone()) break;
        else await new Promise<void>((resolve) => (this.wake = resolve));
      }
      if (this.failure !== undefined && !this.signal.aborted) throw this.failure;
    } finally {
      this.settled = true;
    }
  }

  private isDone(): boolean {
    return this.signal.aborted ? !this.stuck : this.over && this.batches.length === 0;
  }
}

/** A connection that does what a test says. The decodes of self-tests are answered by themselves. */
export class FakeConnection implements EngineConnection {
  health_: () => Promise<EngineHealth> | EngineHealth = () => ({ state: 'ready' });
  description: EngineDescription = DESCRIPTION;
  preload: (run: FakeRun) => void = (run) => run.end();
  /** The decode that the self-test cancels. */
  selfTest: (run: FakeRun) => void = (run) => run.tokens('x');
  /** The decode of one token that tells whether a silent engine hangs. */
  canary: (run: FakeRun) => void = (run) => run.end();
  /** Neither its death nor its close settles a run. */
  wedged = false;
  closes = 0;
  probes = 0;
  /** Called while the connection closes. */
  onClose: () => Promise<void> | void = () => {};
  readonly runs: FakeRun[] = [];
  readonly lost: Promise<EngineError>;
  private settleLost: (error: EngineError) => void = () => {};

  constructor(readonly endpoint: EngineEndpoint) {
    this.lost = new Promise((resolve) => (this.settleLost = resolve));
    this.description = { ...DESCRIPTION, slots: endpoint.slots };
  }

  get liveRuns(): FakeRun[] {
    return this.runs.filter((run) => run.live);
  }

  async describe(): Promise<EngineDescription> {
    return this.description;
  }

  async health(): Promise<EngineHealth> {
    this.probes++;
    return this.health_();
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    const run = new FakeRun(request, signal);
    const [kind] = request.taskId.split('-');
    if (kind === 'preload') this.preload(run);
    else if (kind === 'self') this.selfTest(run);
    else if (kind === 'canary') this.canary(run);
    else this.runs.push(run);
    return run.events();
  }

  /** The engine process dies: every run breaks and the host is told. */
  die(): void {
    const error = new EngineError('reset', 'the engine died');
    if (!this.wedged) for (const run of this.liveRuns) run.fail(error);
    this.settleLost(error);
  }

  async close(): Promise<void> {
    this.closes++;
    await this.onClose();
    if (this.wedged) return;
    for (const run of this.runs) {
      if (run.live) run.fail(new EngineError('reset', 'the engine was closed'));
      run.free();
    }
  }
}

/** An adapter that remembers its connections and lets a test prepare each of them. */
export class FakeAdapter implements EngineAdapter {
  readonly connections: FakeConnection[] = [];
  /** May throw, wait, or prepare the connection. `attempt` counts from 1. */
  onConnect: (connection: FakeConnection, attempt: number) => Promise<void> | void = () => {};
  attempts = 0;

  async connect(endpoint: EngineEndpoint): Promise<FakeConnection> {
    const connection = new FakeConnection(endpoint);
    const attempt = ++this.attempts;
    await this.onConnect(connection, attempt);
    this.connections.push(connection);
    return connection;
  }

  get newest(): FakeConnection {
    return this.connections.at(-1)!;
  }

  /** Decodes that go on, whichever replica runs them. */
  get liveRuns(): FakeRun[] {
    return this.connections.flatMap((connection) => connection.liveRuns);
  }

  /** The decode of one task that was started last. */
  runOf(taskId: string): FakeRun | undefined {
    return this.connections.flatMap((connection) => connection.runs).findLast((run) => run.request.taskId === taskId);
  }
}
