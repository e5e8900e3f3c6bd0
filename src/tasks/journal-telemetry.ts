import { type Logger } from '../observability/logger.js';

/** Tells operators of tasks that could not be made durable. */
export class JournalTelemetry {
  private framesAreRefused = false;

  constructor(private readonly logger: Logger) {}

  /** Told once until the store takes frames again. */
  framesRefused(error: unknown): void {
    if (!this.framesAreRefused) this.failed('frames of tasks', error);
    this.framesAreRefused = true;
  }

  framesStored(): void {
    if (this.framesAreRefused) this.logger.info('store', 'frames of tasks are stored again', {});
    this.framesAreRefused = false;
  }

  failed(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.error('store', `${what} could not be stored: ${reason}`, { reason });
  }

  recovered(facts: { readonly queued: number; readonly resumed: number; readonly ended: number }): void {
    const { queued, resumed, ended } = facts;
    if (queued + resumed + ended === 0) return;
    const message = `tasks of before the restart: ${queued} wait again, ${resumed} go on with their answers, ${ended} were ended`;
    this.logger.info('recovery', message, facts);
  }
}
