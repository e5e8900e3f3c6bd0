import { type CliIo } from '../../../src/cli/io.js';

export interface TestIoOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly isTty?: boolean;
  /** What is piped in; absent: standard input is a terminal. */
  readonly stdin?: string;
}

/** A terminal that keeps what is written to it and lets a test press Ctrl-C. */
export class TestIo implements CliIo {
  out = '';
  err = '';
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdinIsTty: boolean;
  readonly stdout;
  readonly stderr;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly options: TestIoOptions = {}) {
    this.env = options.env ?? {};
    this.cwd = options.cwd ?? '/';
    this.stdinIsTty = options.stdin === undefined;
    const isTty = options.isTty ?? false;
    this.stdout = {
      isTty,
      write: (data: string | Uint8Array) => void (this.out += Buffer.from(data).toString('utf8')),
    };
    this.stderr = {
      isTty,
      write: (data: string | Uint8Array) => void (this.err += Buffer.from(data).toString('utf8')),
    };
  }

  readStdin(): Promise<string> {
    return Promise.resolve(this.options.stdin ?? '');
  }

  onInterrupt(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  pressCtrlC(): void {
    for (const listener of this.listeners) listener();
  }

  /** The one JSON document on stdout. */
  get json(): Record<string, unknown> {
    return JSON.parse(this.out) as Record<string, unknown>;
  }
}
