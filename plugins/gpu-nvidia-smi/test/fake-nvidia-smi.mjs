// Plays `nvidia-smi --query-gpu=… --format=csv,noheader,nounits -lms <ms>`.
// What it plays stands in the file that its first argument names, read again before each round.
import { readFileSync } from 'node:fs';

const [control, query, format, loop, interval] = process.argv.slice(2);
if (format !== '--format=csv,noheader,nounits' || loop !== '-lms') process.exit(2);
const fields = query.slice('--query-gpu='.length).split(',');

const gpu = (index, count, more = {}) => ({
  index,
  count,
  uuid: `GPU-0000000${index}`,
  name: 'NVIDIA GeForce RTX 3090',
  'memory.total': 24576,
  'memory.free': 23552,
  'utilization.gpu': 12,
  'temperature.gpu': 45,
  'power.draw': '31.50',
  'ecc.errors.uncorrected.volatile.total': '[N/A]',
  ...more,
});
const line = (facts) => `${fields.map((field) => facts[field] ?? '[Not Supported]').join(', ')}\n`;
const print = (...gpus) => process.stdout.write(gpus.map(line).join(''));
const lineOfErrors = (index) =>
  line({ ...Object.fromEntries(fields.map((field) => [field, '[Unknown Error]'])), index });
const nothing = (facts) =>
  Object.fromEntries(['utilization.gpu', 'temperature.gpu', 'power.draw'].map((f) => [f, facts]));

let rounds = 0;
const plays = {
  normal: () => print(gpu(0, 2), gpu(1, 2, { 'memory.total': 12288, 'memory.free': 12288, name: 'RTX 3060' })),
  // Each stops by itself after the first round; the first is how a program ends, the second how it hangs.
  vanishes: () => (rounds > 1 ? process.exit(0) : plays.normal()),
  hangs: () => rounds === 1 && plays.normal(),
  mute: () => undefined,
  'unknown-error': () => process.stdout.write(lineOfErrors(0) + line(gpu(1, 2))),
  'lost-handle': () => {
    process.stdout.write('Unable to determine the device handle for GPU0000:0B:00.0: Unknown Error\n', () =>
      process.exit(15),
    );
  },
  'one-gpu': () => print(gpu(0, 1)),
  mismatch: () => {
    const words = 'Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.54\n';
    process.stdout.write(words, () => process.exit(18));
  },
  pieces: () => {
    for (const character of line(gpu(0, 2)) + line(gpu(1, 2))) process.stdout.write(character);
  },
  'no-values': () => print(gpu(0, 2, nothing('[N/A]')), gpu(1, 2, nothing('[Not Supported]'))),
  'no-memory': () => print(gpu(0, 2), gpu(1, 2, { 'memory.total': '[N/A]', 'memory.free': '[N/A]' })),
  slow: () => rounds > 3 && plays.normal(),
  fails: () => {
    process.stderr.write("couldn't communicate with the NVIDIA driver\n", () => process.exit(9));
  },
  garbage: () => {
    process.stdout.write(Buffer.from([0, 255, 27, 91, 49, 109, 44, 32, 10, 44, 44, 10, 128, 10]));
    plays.normal();
    process.stdout.write('0, 1, GPU-x, 1, 1\n');
  },
  floods: () => process.stdout.write('x'.repeat(2_000_000)),
  comma: () => print(gpu(0, 1, { name: 'NVIDIA GPU, rev 2, "quoted"' })),
  noisy: () => (process.stderr.write('warning: infoROM is corrupted\n'), plays.normal()),
  environment: () => print(gpu(0, 1, { name: Object.keys(process.env).sort().join(' ') })),
};

// A wedged program does not go because it is asked to.
process.on('SIGTERM', () => undefined);
// Its reader is gone.
process.stdout.on('error', () => process.exit(0));
const round = () => {
  rounds++;
  plays[readFileSync(control, 'utf8').trim()]();
};
round();
setInterval(round, Number(interval));
