import { HEARTBEAT_MS, type RunnerCommand } from '../protocol.js';
import { Outbox } from './outbox.js';
import { Runner } from './runner.js';

// The daemon is gone, perhaps killed. An ordinary exit would wait for a decode in a native thread; nobody waits for us.
const die = () => process.kill(process.pid, 'SIGKILL');

const outbox = new Outbox((frames, taken) => process.send?.(frames, undefined, undefined, taken) ?? die());
const runner = new Runner(outbox, die);

process.on('message', (command) => runner.handle(command as RunnerCommand));
process.on('disconnect', die);
setInterval(() => {
  if (!outbox.busy) outbox.push({ type: 'heartbeat' });
}, HEARTBEAT_MS);
if (!process.connected) die();
