import { relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { makePackage, quoted } from '../../scaffold/package-from-template.js';
import { POLICY_LANGUAGES, policyPackage } from '../../scaffold/policy-package.js';
import { type ShellOf } from '../../shell.js';
import { type PolicyContext, run } from './run.js';

/** From an empty folder to a module in a running daemon. */
export function authorCommands(context: PolicyContext): Command[] {
  return [
    newCommand(context.shellOf),
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

function newCommand(shellOf: ShellOf): Command {
  const language = new Option('--lang <language>', 'what it is written in').choices(POLICY_LANGUAGES).default('ts');
  return new Command('new')
    .description('make a package for a policy, with tests that pass')
    .argument('<name>', 'name of the policy')
    .addOption(language)
    .option('--dir <folder>', 'where to make it (default: a folder by that name)')
    .action((given: string, flags: { lang: string; dir?: string }, command: Command) => {
      const shell = shellOf(command);
      const plan = policyPackage(given, flags.lang);
      const folder = resolve(shell.io.cwd, flags.dir ?? plan.name);
      const files = makePackage(plan, folder);
      const next = [`cd ${quoted(relative(shell.io.cwd, folder) || '.')}`, 'npm test', 'npm run build'];
      const lines = [`the policy ${plan.name} begins with`, ...files.map((file) => `  ${file}`), 'go on with'];
      const text = [...lines, ...next.map((line) => `  ${line}`)].join('\n');
      shell.answer({ name: plan.name, folder, files, next }, `${text}\n`);
    });
}
