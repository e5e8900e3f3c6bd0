import { Command } from 'commander';
import { newPolicyCommand } from './new-policy.js';
import { type PolicyContext, run } from './run.js';

/** From an empty folder to a module in a running daemon. */
export function authorCommands(context: PolicyContext): Command[] {
  return [
    newPolicyCommand('new', context.shellOf),
    new Command('build')
      .description('compile a policy to a module, and show what it is')
      .argument('[folder]', 'package of the policy', '.')
      .option('--out <file>', 'where the module goes (default: dist/<name>.wasm)')
      .action(run(context, (folder: string, { out }: { out?: string }) => ({ action: 'build', folder, out }))),
    new Command('test')
      .description('run the cases of a policy as source and as module; a difference fails')
      .argument('[target]', 'package of the policy, or a module', '.')
      .option('--cases <file>', 'further cases for a module')
      .option('--mutate', 'change the policy in small ways; each change has to fail a case')
      .action(
        run(context, (target: string, { cases, mutate = false }: { cases?: string; mutate?: boolean }) => ({
          action: 'test',
          target,
          cases,
          mutate,
        })),
      ),
    new Command('dev')
      .description('build, test and swap in at each change; shows the decisions of the daemon')
      .argument('[folder]', 'package of the policy', '.')
      .option('--into <file>', 'module that the config of the daemon names')
      .option('--once', 'end after the first build')
      .action(
        run(context, (folder: string, { into, once = false }: { into?: string; once?: boolean }) => ({
          action: 'dev',
          folder,
          into,
          once,
        })),
      ),
  ];
}
