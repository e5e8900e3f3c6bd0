import { relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { makePackage, quoted } from '../../scaffold/package-from-template.js';
import { POLICY_LANGUAGES, policyPackage } from '../../scaffold/policy-package.js';
import { type ShellOf } from '../../shell.js';

interface NewPolicyFlags {
  readonly lang: string;
  readonly dir?: string;
}

/** Begins a policy: as `policy new <name>`, and as `new policy <name>` beside the other things that can be begun. */
export function newPolicyCommand(called: 'new' | 'policy', shellOf: ShellOf): Command {
  const language = new Option('--lang <language>', 'what it is written in').choices(POLICY_LANGUAGES).default('ts');
  return new Command(called)
    .description('make a package for a policy, with tests that pass')
    .argument('<name>', 'name of the policy')
    .addOption(language)
    .option('--dir <folder>', 'where to make it (default: a folder by that name)')
    .action((given: string, flags: NewPolicyFlags, command: Command) => {
      const shell = shellOf(command);
      const plan = policyPackage(given, flags.lang);
      const folder = resolve(shell.io.cwd, flags.dir ?? plan.name);
      const files = makePackage(plan, folder);
      const next = [`cd ${quoted(relative(shell.io.cwd, folder) || '.')}`, 'npm test', 'npm run build'];
      shell.answer({ name: plan.name, folder, files, next }, textOf(plan.name, files, next));
    });
}

function textOf(name: string, files: readonly string[], next: readonly string[]): string {
  const lines = [`the policy ${name} begins with`, ...files.map((file) => `  ${file}`), 'go on with'];
  return `${[...lines, ...next.map((line) => `  ${line}`)].join('\n')}\n`;
}
