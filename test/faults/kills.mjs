// Kills the daemon at random moments under mixed load, and looks for what it had acknowledged:
// node test/faults/kills.mjs [kills] [seed], after a build.
import { crashLoop } from '../support/crash-loop.mjs';

const kills = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const { wrong, ...report } = await crashLoop({ kills, seed, log: (line) => console.log(line) });
console.log(`seed ${seed}: ${JSON.stringify(report)}`);
for (const sentence of wrong.slice(0, 20)) console.error(sentence);
console.log(wrong.length === 0 ? 'nothing is lost, doubled or without an end' : `${wrong.length} things are wrong`);
process.exitCode = wrong.length === 0 ? 0 : 1;
