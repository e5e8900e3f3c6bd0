import { Command } from 'commander';
import { artifactsCommand } from './commands/artifacts.js';
import { auditCommand, type AuditCare } from './commands/audit.js';
import { backupCommand, type BackupCare, restoreCommand } from './commands/backup.js';
import { cancelCommand } from './commands/cancel.js';
import { capabilitiesCommand } from './commands/capabilities.js';
import { configCommand } from './commands/config.js';
import { doctorCommand } from './commands/doctor.js';
import { engineCommand, type EngineCare } from './commands/engine.js';
import { explainCommand } from './commands/explain.js';
import { keysCommand } from './commands/keys.js';
import { metricsCommand } from './commands/metrics.js';
import { modelsCommand } from './commands/models.js';
import { newCommand } from './commands/new.js';
import { pluginsCommand } from './commands/plugins.js';
import { policyCommand } from './commands/policy/policy.js';
import { type PolicyWork } from './commands/policy/requests.js';
import { poolsCommand } from './commands/pools.js';
import { serveCommand, type ServeServices } from './commands/serve.js';
import { simulateCommand, type Simulate } from './commands/simulate.js';
import { sessionsCommand } from './commands/sessions.js';
import { statusCommand } from './commands/status.js';
import { streamCommand } from './commands/stream.js';
import { submitCommand } from './commands/submit.js';
import { tasksCommand } from './commands/tasks.js';
import { toolsCommand } from './commands/tools.js';
import { type CliIo } from './io.js';
import { Shell, type GlobalFlags, type SetExitCode, type ShellOf } from './shell.js';

export { type SelfTest, type Serve, type ServeFlags } from './commands/serve.js';
export { type EngineCare } from './commands/engine.js';
export { type Simulate } from './commands/simulate.js';

/** What the daemon's side does for commands: the command line itself sees the client, the config and the kernel. */
export interface Services extends ServeServices {
  readonly simulate: Simulate;
  readonly engine: EngineCare;
  readonly audit: AuditCare;
  readonly backup: BackupCare;
  readonly policy: PolicyWork;
}

const EXAMPLES = `
Examples:
  llama-orch serve
  llama-orch submit "a frog jumps in"
  cat notes.txt | llama-orch submit --model qwen --max-tokens 256
  llama-orch status

Exit codes:
  0 ok, 1 failure, 2 usage, 69 unavailable, 75 try later, 77 no permission, 78 config, 130 interrupted`;

/** The command tree. */
export function buildProgram(io: CliIo, services: Services, setExitCode: SetExitCode): Command {
  const shellOf: ShellOf = (command) => new Shell(io, command.optsWithGlobals<GlobalFlags>());
  const { simulate, engine, audit, backup, policy } = services;
  const program = new Command('llama-orch')
    .description('Runs and uses a llama-orch daemon.')
    .option('--url <url>', 'daemon to talk to (env LLORCH_URL, default http://127.0.0.1:8080)')
    .option('--token <key>', 'key to use; better in env LLORCH_API_TOKEN')
    .option('--json', 'print one JSON document')
    .option('--no-color', 'plain text (env NO_COLOR)')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) });
  const commands = [
    serveCommand(shellOf, services, setExitCode),
    submitCommand(shellOf, setExitCode),
    streamCommand(shellOf, setExitCode),
    cancelCommand(shellOf),
    tasksCommand(shellOf),
    sessionsCommand(shellOf),
    explainCommand(shellOf),
    statusCommand(shellOf),
    poolsCommand(shellOf),
    modelsCommand(shellOf, setExitCode),
    engineCommand(shellOf, engine),
    capabilitiesCommand(shellOf),
    pluginsCommand(shellOf),
    metricsCommand(shellOf),
    configCommand(shellOf),
    keysCommand(shellOf),
    doctorCommand(shellOf, setExitCode),
    artifactsCommand(shellOf, setExitCode),
    toolsCommand(shellOf, setExitCode),
    auditCommand(shellOf, audit, setExitCode),
    backupCommand(shellOf, backup, setExitCode),
    restoreCommand(shellOf, backup, setExitCode),
    policyCommand(shellOf, policy, setExitCode),
    simulateCommand(shellOf, simulate),
    newCommand(shellOf),
  ];
  for (const command of commands) program.addCommand(inheriting(program, command));
  return program;
}

/** Commands that are added ready-made do not take over the settings of their parent by themselves. */
function inheriting(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheriting(command, child);
  return command;
}
