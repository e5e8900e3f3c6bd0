import { CommanderError } from 'commander';
import { EXIT } from './exit-codes.js';
import { reportFailure } from './failure.js';
import { processIo, type CliIo } from './io.js';
import { buildProgram, type Services } from './program.js';
import { Shell, type GlobalFlags } from './shell.js';

export { type Serve, type ServeFlags, type Simulate } from './program.js';

export interface CliDependencies extends Services {
  /** Replaces the process, for tests. */
  readonly io?: CliIo;
}

/** Runs one command line, without the names of node and the script, and answers the exit code. Never throws. */
export async function runCli(
  argv: readonly string[],
  { io = processIo(), ...services }: CliDependencies,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = buildProgram(io, services, (code) => (exitCode = code));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportFailure(new Shell(io, program.opts<GlobalFlags>()), error);
  }
}
