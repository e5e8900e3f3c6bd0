/** One output of the command. */
export interface Sink {
  readonly isTty: boolean;
  /** Bytes go out as they are. */
  write(data: string | Uint8Array): void;
}

/** Everything of the process that a command touches, so that tests can stand in for it. */
export interface CliIo {
  /** Data. */
  readonly stdout: Sink;
  /** Talk. */
  readonly stderr: Sink;
  readonly stdinIsTty: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readStdin(): Promise<string>;
  /** Calls back on each Ctrl-C instead of ending the process; answers how to stop that. */
  onInterrupt(listener: () => void): () => void;
}

/** The real process. A reader that goes away, such as `head`, ends the command quietly. */
export function processIo(): CliIo {
  process.stdout.on('error', endOnClosedPipe);
  return {
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    stdinIsTty: process.stdin.isTTY === true,
    env: process.env,
    cwd: process.cwd(),
    readStdin,
    onInterrupt(listener) {
      process.on('SIGINT', listener);
      return () => process.off('SIGINT', listener);
    },
  };
}

function sinkOf(stream: NodeJS.WriteStream): Sink {
  return { isTty: stream.isTTY === true, write: (data) => void stream.write(data) };
}

function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

async function readStdin(): Promise<string> {
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}
