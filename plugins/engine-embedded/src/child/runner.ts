import { type GenerateFrame, type OpenFrame, type RunnerCommand } from '../protocol.js';
import { Decoder } from './decode.js';
import { RunnerFailure, toFailure, words } from './failure.js';
import { inspect, type SoundFile } from './inspect.js';
import { Job } from './job.js';
import { loadModel } from './loaded-model.js';
import { type Outbox } from './outbox.js';
import { PromptReader } from './prompt.js';
import { SlotPool } from './slots.js';

/** Obeys the daemon: opens one model, then answers requests until it is told to stop. */
export class Runner {
  private readonly jobs = new Map<number, Job>();
  private opened: { readonly wish: OpenFrame; readonly file: SoundFile } | undefined;
  private reader: PromptReader | undefined;
  private decoder: Decoder | undefined;

  /** @param leave ends the process */
  constructor(
    private readonly outbox: Outbox,
    private readonly leave: () => void,
  ) {}

  handle(command: RunnerCommand): void {
    switch (command.type) {
      case 'open':
        return void this.attempt(() => this.open(command));
      case 'load':
        return void this.attempt(() => this.load());
      case 'generate':
        return void this.generate(command);
      case 'cancel':
        return this.jobs.get(command.id)?.cancel();
      case 'pause':
        return this.jobs.get(command.id)?.pause();
      case 'resume':
        return this.jobs.get(command.id)?.resume();
      case 'count':
        return this.count(command);
      case 'shutdown':
        return void this.shutdown();
    }
  }

  private async open(wish: OpenFrame): Promise<void> {
    const file = await inspect(wish.modelPath);
    this.opened = { wish, file };
    this.outbox.push({ type: 'inspected', digest: file.digest });
  }

  private async load(): Promise<void> {
    if (!this.opened) return;
    const loaded = await loadModel(this.opened.file, this.opened.wish);
    const reader = new PromptReader(loaded.library, loaded.model);
    const slots = new SlotPool(loaded.sequences, loaded.facts.reusesPrefix);
    this.reader = reader;
    this.decoder = new Decoder(loaded, reader, slots, this.outbox);
    this.outbox.push({ type: 'ready', facts: loaded.facts });
  }

  private async generate(request: GenerateFrame): Promise<void> {
    const { id } = request;
    const job = new Job(request);
    this.jobs.set(id, job);
    try {
      const end = await this.decoder?.run(job);
      this.outbox.push(end && !job.cancelled ? { type: 'done', id, end } : { type: 'cancelled', id });
    } catch (error) {
      this.outbox.push(job.cancelled ? { type: 'cancelled', id } : { type: 'failed', id, failure: toFailure(error) });
    } finally {
      this.jobs.delete(id);
    }
  }

  private count({ id, prompt }: Extract<RunnerCommand, { type: 'count' }>): void {
    try {
      const tokens = this.reader?.read(prompt).tokens.length ?? 0;
      this.outbox.push({ type: 'counted', id, tokens });
    } catch (error) {
      this.outbox.push({ type: 'failed', id, failure: toFailure(error) });
    }
  }

  private async shutdown(): Promise<void> {
    for (const job of this.jobs.values()) job.cancel();
    await this.outbox.flushed();
    this.leave();
  }

  /** A step of loading: whatever goes wrong is told to the daemon, which then ends this process. */
  private async attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.outbox.push({ type: 'refused', failure: error instanceof RunnerFailure ? error.failure : loadFault(error) });
    }
  }
}

function loadFault(error: unknown) {
  const message = 'The embedded engine failed while it loaded the model; see the log for its words.';
  return { code: 'internal', reason: 'engine_fault', message, detail: words(error) } as const;
}
