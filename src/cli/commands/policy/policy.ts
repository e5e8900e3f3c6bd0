import { Command } from 'commander';
import { type SetExitCode, type ShellOf } from '../../shell.js';
import { authorCommands } from './author-commands.js';
import { judgeCommands } from './judge-commands.js';
import { type PolicyWork } from './requests.js';
import { trustCommands } from './trust-commands.js';

const HELP = `
Examples:
  llama-orch policy new acme && cd acme && npm test && npm run build
  llama-orch policy try acme.wasm https://api.example.com/v1 -X POST --data '{"a":1}'
  llama-orch policy simulate acme.wasm --diff acme-1.0.0.wasm
  llama-orch policy attack`;

/** Everything for authors of policies, and for operators who want to know what one does. */
export function policyCommand(shellOf: ShellOf, work: PolicyWork, setExitCode: SetExitCode): Command {
  const context = { shellOf, work, setExitCode };
  const parent = new Command('policy').description('write, try, judge and watch policies').addHelpText('after', HELP);
  const commands = [...authorCommands(context), ...judgeCommands(context), ...trustCommands(context)];
  for (const command of commands) parent.addCommand(command);
  return parent;
}
