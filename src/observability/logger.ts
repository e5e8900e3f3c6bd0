import { type Logger as Pino, type LoggerOptions, destination, pino } from 'pino';
import { SecretRedactor } from './redaction/secret-redactor.js';
import { REDACTED, type Redactor } from './redactor.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The least level that is written; `silent` writes nothing. */
export type LogThreshold = LogLevel | 'trace' | 'fatal' | 'silent';

/** Fields of one line, named as in the log contract. They hold neither keys nor prompts nor output. */
export type LogFields = Readonly<Record<string, unknown>>;

/** JSON Lines on stdout: `ts`, `level`, `event`, `message`, then the fields. */
export abstract class Logger {
  abstract log(level: LogLevel, event: string, message: string, fields?: LogFields): void;
  /** Writes out what is buffered; false when nobody takes it within `limitMs`. */
  abstract flush(limitMs: number): Promise<boolean>;

  info(event: string, message: string, fields?: LogFields): void {
    this.log('info', event, message, fields);
  }

  warn(event: string, message: string, fields?: LogFields): void {
    this.log('warn', event, message, fields);
  }

  error(event: string, message: string, fields?: LogFields): void {
    this.log('error', event, message, fields);
  }
}

/** Fields that no line shows, beside those that the redactor knows by their names. */
const HIDDEN = new Set(['key', 'prompt', 'messages']);
const BUFFER_BYTES = 4096;
/** What waits for a reader of stdout that does not read; lines beyond it are dropped, the daemon goes on. */
const MOST_BYTES = 4 * 1024 * 1024;
const FLUSH_MS = 250;

/** The daemon's log. Secrets never reach it, whether they are told by their value, their name or their form. */
export class JsonLogger extends Logger {
  private readonly pino: Pino;
  private readonly sink: ReturnType<typeof destination>;

  constructor(
    level: LogThreshold,
    format: 'json' | 'pretty',
    private readonly redactor: Redactor = new SecretRedactor({ secrets: [], patterns: [], pii: false }),
  ) {
    super();
    this.sink = destination({ fd: 1, sync: false, minLength: BUFFER_BYTES, maxLength: MOST_BYTES });
    this.pino = pino(
      OPTIONS(level),
      format === 'json' ? this.sink : { write: (line) => this.sink.write(prettyLine(line)) },
    );
    // Lines of a quiet daemon must not wait for the buffer to fill.
    setInterval(() => this.sink.flush(), FLUSH_MS).unref();
  }

  override log(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    if (!this.pino.isLevelEnabled(level)) return;
    this.pino[level](this.redactor.value({ event, ...shownFields(fields) }), this.redactor.text(message));
  }

  override flush(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), limitMs);
      this.sink.flush(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}

function shownFields(fields: LogFields): LogFields {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name, HIDDEN.has(name.toLowerCase()) ? REDACTED : value]));
}

const OPTIONS = (level: LogThreshold): LoggerOptions => ({
  level,
  base: null,
  messageKey: 'message',
  timestamp: () => `,"ts":"${new Date().toISOString()}"`,
  formatters: { level: (label) => ({ level: label }) },
});

/** One line for people: time, level, message, then the fields that are short. */
function prettyLine(json: string): string {
  const { ts, level, message, event: _event, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const facts = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(ts).slice(11, 23)} ${String(level).padEnd(5)} ${String(message)}  ${facts.join(' ')}\n`;
}
