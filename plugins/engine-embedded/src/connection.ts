import {
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineError,
  type EngineEvent,
  type EngineHealth,
  type EnginePrompt,
  type GenerateRequest,
  type PluginContext,
} from '@llama-orch/plugin-sdk';

import { type CrashLog } from './crash-log.js';
import { describeModel } from './describe.js';
import { aborted, closed, crashed, faultyModel, fromFailure, loadTimeout, notReady, stuck } from './failures.js';
import { Generation, type GenerationPort } from './generation.js';
import { HEARTBEAT_MS, type ModelFacts, type OpenFrame, type RunnerFrame } from './protocol.js';
import { RunnerProcess } from './runner-process.js';

/** Milliseconds that a cancelled request may take to free its slot. */
const CANCEL_CONFIRM_MS = 5_000;
/** Heartbeats that may be missing. Counted in ticks of our own timer, so that a busy daemon blames nobody else. */
const SILENT_TICKS_ALLOWED = 10;

export interface ConnectionSetup {
  /** Script of the runner process. */
  readonly runner: string;
  readonly endpoint: EngineEndpoint;
  readonly open: OpenFrame;
  readonly crashLog: CrashLog;
  readonly log: PluginContext['log'];
}

type State =
  | { readonly type: 'loading' }
  | { readonly type: 'ready'; readonly facts: ModelFacts }
  | { readonly type: 'failed'; readonly error: EngineError };

interface Counting {
  resolve(tokens: number): void;
  reject(error: EngineError): void;
}

/** One replica: a runner process, and the requests that it holds. */
export class EmbeddedConnection implements EngineConnection, GenerationPort {
  readonly lost: Promise<EngineError>;
  private readonly runner: RunnerProcess;
  private readonly generations = new Map<number, Generation>();
  private readonly countings = new Map<number, Counting>();
  private readonly confirmTimers = new Map<number, NodeJS.Timeout>();
  private readonly loadTimer: NodeJS.Timeout;
  private readonly pulse: NodeJS.Timeout;
  private state: State = { type: 'loading' };
  private digest: string | undefined;
  private lastId = 0;
  private silentTicks = 0;
  /** Set when we end the runner ourselves: its exit is then no crash of the model. */
  private endedBecause: EngineError | undefined;
  private announceLoss: (error: EngineError) => void = () => undefined;

  private constructor(private readonly setup: ConnectionSetup) {
    this.lost = new Promise((resolve) => (this.announceLoss = resolve));
    this.runner = new RunnerProcess(setup.runner, {
      onFrame: (frame) => this.onFrame(frame),
      onExit: (how) => this.onExit(how),
    });
    const { loadTimeoutMs } = setup.endpoint;
    this.loadTimer = setTimeout(() => this.abandon(loadTimeout(loadTimeoutMs)), loadTimeoutMs);
    this.pulse = setInterval(() => this.checkPulse(), HEARTBEAT_MS);
    this.pulse.unref();
  }

  static open(setup: ConnectionSetup): EmbeddedConnection {
    const connection = new EmbeddedConnection(setup);
    connection.runner.send(setup.open);
    return connection;
  }

  /** Process id of the runner, for diagnosis. */
  get runnerPid(): number | undefined {
    return this.runner.pid;
  }

  async describe(): Promise<EngineDescription> {
    return describeModel(this.readyFacts());
  }

  async health(): Promise<EngineHealth> {
    if (this.state.type !== 'failed') return { state: this.state.type };
    const { error } = this.state;
    return { state: 'failed', reason: error.message, error };
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    return new Generation(++this.lastId, request, signal, this);
  }

  async countTokens(prompt: EnginePrompt, signal: AbortSignal): Promise<number> {
    this.readyFacts();
    if (signal.aborted) throw aborted();
    const id = ++this.lastId;
    const counted = new Promise<number>((resolve, reject) => this.countings.set(id, { resolve, reject }));
    const onAbort = () => this.settleCounting(id, aborted());
    signal.addEventListener('abort', onAbort, { once: true });
    this.runner.send({ type: 'count', id, prompt });
    return counted.finally(() => signal.removeEventListener('abort', onAbort));
  }

  async close(): Promise<void> {
    this.endedBecause ??= closed();
    this.fail(this.endedBecause);
    await this.runner.stop();
  }

  // What a generation asks for.

  start(generation: Generation): void {
    this.readyFacts();
    this.generations.set(generation.id, generation);
    const { id, request } = generation;
    const { prompt, sampling, seed, maxTokens, jsonSchema } = request;
    this.runner.send({ type: 'generate', id, prompt, sampling, seed, maxTokens, jsonSchema });
  }

  cancel(generation: Generation): void {
    if (!this.generations.has(generation.id)) return generation.release({ type: 'end' });
    this.runner.send({ type: 'cancel', id: generation.id });
    const timer = setTimeout(() => this.abandon(stuck('kept a cancelled request in its slot')), CANCEL_CONFIRM_MS);
    this.confirmTimers.set(generation.id, timer);
  }

  pause(generation: Generation): void {
    this.runner.send({ type: 'pause', id: generation.id });
  }

  resume(generation: Generation): void {
    this.runner.send({ type: 'resume', id: generation.id });
  }

  // What the runner says.

  private onFrame(frame: RunnerFrame): void {
    this.silentTicks = 0;
    switch (frame.type) {
      case 'inspected':
        return this.onInspected(frame.digest);
      case 'ready':
        return this.onReady(frame.facts);
      case 'refused':
        return this.onRefused(fromFailure(frame.failure), frame.failure.detail);
      case 'delta':
        return this.generations.get(frame.id)?.push({ type: 'token', text: frame.text, tokens: frame.tokens });
      case 'done':
        this.take(frame.id)?.push({ type: 'end', ...frame.end });
        return;
      case 'cancelled':
        this.take(frame.id)?.release({ type: 'end' });
        return;
      case 'failed':
        return this.onFailed(frame.id, fromFailure(frame.failure), frame.failure.detail);
      case 'counted':
        return this.settleCounting(frame.id, frame.tokens);
      case 'heartbeat':
        return;
    }
  }

  private onInspected(digest: string): void {
    this.digest = digest;
    if (this.setup.crashLog.isFaulty(digest)) return this.abandon(faultyModel(digest));
    this.runner.send({ type: 'load' });
  }

  private onReady(facts: ModelFacts): void {
    if (this.state.type !== 'loading') return;
    clearTimeout(this.loadTimer);
    this.state = { type: 'ready', facts };
    this.note('info', 'the embedded engine is ready', { ...facts });
  }

  private onRefused(error: EngineError, detail: string | undefined): void {
    this.endedBecause = error;
    this.fail(error);
    this.note('warn', error.message, { reason: error.reason, detail, engineSaid: this.runner.lastWords });
    void this.runner.stop();
  }

  private onFailed(id: number, error: EngineError, detail: string | undefined): void {
    if (detail !== undefined) this.note('warn', error.message, { reason: error.reason, detail });
    this.settleCounting(id, error);
    this.take(id)?.release({ type: 'error', error });
  }

  private onExit(how: string): void {
    clearTimeout(this.loadTimer);
    clearInterval(this.pulse);
    if (this.endedBecause) return this.fail(this.endedBecause);
    if (this.digest !== undefined && isCrash(how)) this.setup.crashLog.record(this.digest);
    const faulty = this.digest !== undefined && this.setup.crashLog.isFaulty(this.digest);
    const error = crashed(how, faulty ? this.digest : undefined);
    this.note('error', error.message, { reason: error.reason, engineSaid: this.runner.lastWords });
    this.fail(error);
    this.announceLoss(error);
  }

  private checkPulse(): void {
    if (this.state.type !== 'ready') return;
    this.silentTicks += 1;
    if (this.silentTicks > SILENT_TICKS_ALLOWED) this.abandon(stuck('stopped answering'));
  }

  /** Ends a runner that is of no more use. */
  private abandon(error: EngineError): void {
    if (this.endedBecause) return;
    this.endedBecause = error;
    const wasReady = this.state.type === 'ready';
    this.fail(error);
    this.note('error', error.message, { reason: error.reason });
    if (wasReady) this.announceLoss(error);
    void this.runner.terminate();
  }

  /** Ends everything that waits for the runner. The first reason stays. */
  private fail(error: EngineError): void {
    clearTimeout(this.loadTimer);
    if (this.state.type !== 'failed') this.state = { type: 'failed', error };
    for (const id of [...this.generations.keys()]) this.take(id)?.release({ type: 'error', error });
    for (const id of [...this.countings.keys()]) this.settleCounting(id, error);
  }

  private take(id: number): Generation | undefined {
    const generation = this.generations.get(id);
    this.generations.delete(id);
    clearTimeout(this.confirmTimers.get(id));
    this.confirmTimers.delete(id);
    return generation;
  }

  private settleCounting(id: number, outcome: number | EngineError): void {
    const counting = this.countings.get(id);
    this.countings.delete(id);
    if (typeof outcome === 'number') counting?.resolve(outcome);
    else counting?.reject(outcome);
  }

  private readyFacts(): ModelFacts {
    if (this.state.type === 'ready') return this.state.facts;
    if (this.state.type === 'loading') throw notReady();
    throw this.state.error;
  }

  private note(level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void {
    const { poolId, replicaId } = this.setup.endpoint;
    this.setup.log(level, message, { poolId, replicaId, ...fields });
  }
}

/** Signals that come from outside, from an operator or a system short of memory, say nothing about the weights. */
function isCrash(how: string): boolean {
  return how !== 'signal SIGKILL' && how !== 'signal SIGTERM';
}
