import { Command } from 'commander';
import { UsageError } from '../cli-errors.js';
import { integer, repeated } from '../flags.js';
import { type ShellOf } from '../shell.js';
import { table } from '../text.js';

/** What is to be simulated; paths are relative to `cwd`. */
export interface SimulateRequest {
  /** A generator, or the path of a trace. */
  readonly workload: string;
  readonly fleet: string | undefined;
  readonly seed: number;
  /** Parameters of the generator, `key=value`. */
  readonly settings: readonly string[];
  /** Alternatives, `key=one,other`. */
  readonly compare: string | undefined;
  /** Where the HTML report goes. */
  readonly html: string | undefined;
  readonly cwd: string;
}

/** The outcome: one document for programs, and the same in tables for people. */
export interface SimulateAnswer {
  readonly document: object;
  readonly sections: readonly {
    readonly title: string;
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }[];
}

/**
 * Runs a workload through the scheduler on a virtual clock.
 * @throws ConfigError when a file is wrong, UsageError when a name or a parameter is
 */
export type Simulate = (request: SimulateRequest) => Promise<SimulateAnswer>;

interface Flags {
  readonly fleet?: string;
  readonly seed: number;
  readonly set?: readonly string[];
  readonly compare?: string;
  readonly html?: string;
}

const HELP = `
Workloads: steady, bursty, heavy-tail, mixed, replica-death, or the path of a trace (JSON lines or CSV).
Parameters of all generators, with --set: tasks, load, rate, prompt_tokens, output_tokens, max_tokens, hints, retries.
Further ones: burst, period_ms (bursty); sigma (heavy-tail); tenants, batch, deadlines, deadline_ms (mixed);
down_ms (replica-death).

Examples:
  llama-orch simulate bursty
  llama-orch simulate mixed --fleet fleet.yaml --set tasks=20000 --set load=1.1 --html report.html
  llama-orch tasks trace > trace.jsonl && llama-orch simulate trace.jsonl --compare queue=32,128`;

export function simulateCommand(shellOf: ShellOf, simulate: Simulate): Command {
  return new Command('simulate')
    .description('run a workload through the scheduler on a virtual clock; needs no daemon')
    .argument('<workload>', 'generator, or path of a trace')
    .option('--fleet <file>', 'what serves it: pools, replicas, speeds (default: four replicas of four slots)')
    .option('--seed <number>', 'chance of the workload and of retry times', integer, 1)
    .option('--set <key=value>', 'parameter of the generator; may be repeated', repeated)
    .option('--compare <key=a,b>', 'run it once per value of: discipline, placement, queue, policy')
    .option('--html <file>', 'write a page with charts')
    .addHelpText('after', HELP)
    .action(async (workload: string, flags: Flags, command: Command) => {
      const shell = shellOf(command);
      if (flags.seed < 0) throw new UsageError('--seed must be 0 or more');
      const { fleet, seed, set: settings = [], compare, html } = flags;
      const { cwd } = shell.io;
      const answer = await simulate({ workload, fleet, seed, settings, compare, html, cwd });
      shell.answer(answer.document, answer.sections.map((section) => textOf(section)).join('\n'));
      if (html !== undefined) shell.say(`the report is in ${html}`);
    });
}

function textOf({ title, head, rows }: SimulateAnswer['sections'][number]): string {
  return `${title}\n${table(head, rows)}`;
}
