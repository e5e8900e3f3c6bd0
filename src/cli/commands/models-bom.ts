import { Command } from 'commander';
import { type ShellOf } from '../shell.js';
import { escapedJson } from '../text.js';

/** `models bom`: goes below the command that knows the catalog. */
export function modelBomCommand(shellOf: ShellOf): Command {
  return new Command('bom')
    .description('write the bill of materials of a model, CycloneDX in JSON')
    .argument('<model>', 'id of the model')
    .action(async (id: string, _flags: object, command: Command) => {
      const shell = shellOf(command);
      const bom = await shell.client().modelBom(id);
      shell.answer(bom, `${escapedJson(JSON.stringify(bom, null, 2))}\n`);
    });
}
