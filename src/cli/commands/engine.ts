import { Command } from 'commander';
import { type ConfigFlags, type ConfigMode, type LoadRequest } from '../../config/index.js';
import { addConfigFlags, loadRequest } from '../config-flags.js';
import { type ShellOf } from '../shell.js';

export type EngineAction = 'plan' | 'up' | 'status' | 'down';

/** What is asked about the engines that llama-orch gets and starts. */
export interface EngineRequest {
  readonly action: EngineAction;
  /** Absent: all pools. */
  readonly pool: string | undefined;
  /** Where the configuration comes from. */
  readonly config: LoadRequest;
  /** Tells people what goes on. */
  readonly say: (line: string) => void;
}

/** The outcome: one document for programs, and the same for people. */
export interface EngineAnswer {
  readonly document: object;
  readonly text: string;
}

/**
 * Plans, gets, shows or ends engines of this machine.
 * @throws ConfigError when the configuration is wrong, UsageError when there is no such pool, Error when a step fails
 */
export type EngineCare = (request: EngineRequest) => Promise<EngineAnswer>;

const STAY_MS = 1_000;

const DESCRIPTIONS: Readonly<Record<EngineAction, string>> = {
  plan: 'show what would be done to get and start the engine; does nothing',
  up: 'do what is left of the plan, so that serve can start the engine',
  status: 'show what is done of the plan, and the engines that run',
  down: 'end engines that a daemon which is gone has left',
};

export function engineCommand(shellOf: ShellOf, care: EngineCare): Command {
  const command = new Command('engine').description('get the engines of pools with provisioning; needs no daemon');
  for (const action of Object.keys(DESCRIPTIONS) as EngineAction[])
    command.addCommand(actionCommand(action, shellOf, care));
  return command;
}

function actionCommand(action: EngineAction, shellOf: ShellOf, care: EngineCare): Command {
  const mayBeAll = action === 'plan' || action === 'status';
  return addConfigFlags(new Command(action))
    .description(DESCRIPTIONS[action])
    .argument(mayBeAll ? '[pool]' : '<pool>', `id of the pool${mayBeAll ? ' (default: all)' : ''}`)
    .action(async (pool: string | undefined, flags: ConfigFlags & { configMode: ConfigMode }, command: Command) => {
      const shell = shellOf(command);
      const config = loadRequest(shell, flags);
      // Timers of the daemon's clock hold no process, and ending an engine waits for them.
      const alive = setInterval(() => {}, STAY_MS);
      const request = { action, pool, config, say: (line: string) => shell.say(line) };
      const { document, text } = await care(request).finally(() => clearInterval(alive));
      shell.answer(document, text);
    });
}
