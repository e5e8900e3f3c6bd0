import { Command } from 'commander';
import { repeated } from '../../flags.js';
import { type PolicyContext, run } from './run.js';

/** What a module is, and whose it is. */
export function trustCommands(context: PolicyContext): Command[] {
  return [
    new Command('inspect')
      .description('what a module is: manifest, imports, size, memory')
      .argument('<module>', 'a .wasm file')
      .action(run(context, (module: string) => ({ action: 'inspect', module }))),
    new Command('keys')
      .description('make a key pair for signing')
      .argument('<file>', 'where the private key goes; the public one goes to <file>.pub')
      .action(run(context, (out: string) => ({ action: 'keys', out }))),
    new Command('sign')
      .description('sign a module; the signature goes to <module>.sig')
      .argument('<module>', 'a .wasm file')
      .requiredOption('--key <file>', 'private key, PEM')
      .option('--log <file>', 'append it to a transparency log')
      .action(
        run(context, (module: string, { key, log }: { key: string; log?: string }) => ({
          action: 'sign',
          module,
          key,
          log,
        })),
      ),
    new Command('verify')
      .description('check the signature of a module')
      .argument('<module>', 'a .wasm file')
      .requiredOption('--key <file>', 'public key, PEM; may be repeated', repeated)
      .option('--log <file>', 'transparency log that has to name it')
      .action(
        run(context, (module: string, { key, log }: { key: readonly string[]; log?: string }) => ({
          action: 'verify',
          module,
          keys: key,
          log,
        })),
      ),
  ];
}
