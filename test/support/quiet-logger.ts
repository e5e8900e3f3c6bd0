import { type LogFields, type LogLevel, Logger } from '../../src/observability/logger.js';

export interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps what is logged. */
export class QuietLogger extends Logger {
  readonly lines: LogLine[] = [];

  override log(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, event, message, fields });
  }

  override flush(): Promise<boolean> {
    return Promise.resolve(true);
  }

  of(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }
}
