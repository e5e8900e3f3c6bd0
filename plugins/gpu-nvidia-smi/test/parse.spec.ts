import { Lines } from '../src/lines.js';
import { parseLine } from '../src/parse.js';
import { Rounds } from '../src/rounds.js';

const MEBIBYTE = 2 ** 20;
const line = (index: number, count: number | string, name = 'RTX 3090') =>
  `${index}, ${count}, GPU-${index}, 24576, 20480, 97, 71, 348.25, 2, ${name}`;

describe('a line', () => {
  it('tells the device and its readings in the units of the contract (ORCH-3012)', () => {
    expect(parseLine(`${line(1, 2)}\r`)).toEqual({
      count: 2,
      device: { id: 'GPU-1', index: 1, name: 'RTX 3090', vramTotalBytes: 24_576 * MEBIBYTE },
      sample: {
        id: 'GPU-1',
        vramUsedBytes: 4_096 * MEBIBYTE,
        utilizationPercent: 97,
        temperatureCelsius: 71,
        powerWatts: 348.25,
        eccErrors: 2,
      },
    });
  });

  it('may hold commas in the name (ORCH-4506)', () => {
    expect(parseLine(line(0, 1, 'NVIDIA GPU, rev 2, big'))?.device.name).toBe('NVIDIA GPU, rev 2, big');
  });

  it.each(['[N/A]', '[Not Supported]', '[Unknown Error]', 'N/A', '', 'ERR!', '1e3'])(
    'leaves out an optional reading that says "%s" (ORCH-4506)',
    (cell) => {
      const cells = `0, 1, GPU-0, 100, 100, ${cell}, ${cell}, ${cell}, ${cell}, ${'[N/A]'}`;
      expect(parseLine(cells)).toEqual({
        count: 1,
        device: { id: 'GPU-0', index: 0, name: 'GPU 0', vramTotalBytes: 100 * MEBIBYTE },
        sample: { id: 'GPU-0', vramUsedBytes: 0 },
      });
    },
  );

  it.each([
    ['', 'nothing'],
    ['Failed to initialize NVML: Driver/library version mismatch', 'a message'],
    ['Unable to determine the device handle for GPU 0000:0B:00.0: Unknown Error', 'a lost card'],
    ['0, 1, GPU-0, [N/A], 1, 1, 1, 1, 1, x', 'no total'],
    ['0, 1, GPU-0, 0, 0, 1, 1, 1, 1, x', 'no memory'],
    ['0, 1, GPU-0, 100, [Unknown Error], 1, 1, 1, 1, x', 'no use'],
    ['0, 1, [Unknown Error], 100, 1, 1, 1, 1, 1, x', 'no id'],
    ['[N/A], 1, GPU-0, 100, 1, 1, 1, 1, 1, x', 'no index'],
    ['99999, 1, GPU-0, 100, 1, 1, 1, 1, 1, x', 'an absurd index'],
    ['0, 1, GPU-0, 100, 1, 1, 1, 1', 'too few cells'],
    ['index, count, uuid, memory.total [MiB], memory.free [MiB], a, b, c, d, name', 'a header'],
  ])('"%s" is no reading: %s (ORCH-4506)', (text) => {
    expect(parseLine(text)).toBeUndefined();
  });

  it('never tells more used than there is, or a utilisation beyond 100 (ORCH-4506)', () => {
    const { sample } = parseLine('0, 1, GPU-0, 100, 200, 101, 5, -3, 1, x')!;
    expect(sample).toEqual({ id: 'GPU-0', vramUsedBytes: 0, temperatureCelsius: 5, eccErrors: 1 });
  });

  it('does not believe an absurd number of GPUs (ORCH-4506)', () => {
    expect(parseLine(line(0, 999_999_999))).not.toHaveProperty('count');
  });
});

describe('lines', () => {
  const cut = (...pieces: string[]): string[] => {
    const seen: string[] = [];
    const lines = new Lines((text) => seen.push(text));
    for (const piece of pieces) lines.push(piece);
    return seen;
  };

  it('come out the same at every split (ORCH-4506)', () => {
    const text = 'one, 1\r\ntwo\n\nthree\n';
    for (let at = 0; at <= text.length; at++) {
      expect(cut(text.slice(0, at), text.slice(at))).toEqual(['one, 1', 'two', '', 'three']);
    }
  });

  it('keep an unfinished line back, and drop one without end (ORCH-4506)', () => {
    expect(cut('half')).toEqual([]);
    expect(cut('x'.repeat(5_000), 'x'.repeat(5_000), 'x\nnext\n')).toEqual(['next']);
    expect(cut(`${'x'.repeat(5_000)}\nnext\n`)).toEqual(['next']);
  });
});

describe('rounds', () => {
  const add = (rounds: Rounds, now: number, ...lines: string[]) =>
    lines.map((text) => rounds.add(parseLine(text)!, now));
  const idsOf = (rounds: Rounds) => rounds.last?.samples.map(({ id }) => id);

  it('end with the last GPU that the driver counts (ORCH-4506)', () => {
    const rounds = new Rounds();
    expect(add(rounds, 5, line(0, 2), line(1, 2))).toEqual([false, true]);
    expect(idsOf(rounds)).toEqual(['GPU-0', 'GPU-1']);
    expect(rounds.last?.at).toBe(5);
  });

  it('end when the list begins again, where the last GPU is not readable or nobody counts (ORCH-4506)', () => {
    const rounds = new Rounds();
    add(rounds, 0, line(0, '[N/A]'), line(1, '[N/A]'));
    expect(rounds.last).toBeUndefined();
    expect(add(rounds, 9, line(0, '[N/A]'))).toEqual([true]);
    expect(idsOf(rounds)).toEqual(['GPU-0', 'GPU-1']);
  });

  it('leave out a GPU that is not readable and keep its place (ORCH-4506)', () => {
    const rounds = new Rounds();
    add(rounds, 0, line(0, 2), line(1, 2), line(1, 2));
    expect(idsOf(rounds)).toEqual(['GPU-1']);
    expect(rounds.devices.map(({ id }) => id)).toEqual(['GPU-0', 'GPU-1']);
  });

  it('name a GPU that was never readable: its index must not go to another (OC-POOL-3020)', () => {
    const rounds = new Rounds();
    add(rounds, 0, line(1, 2));
    expect(() => rounds.devices).toThrow('nvidia-smi tells nothing readable of GPU 0');
  });

  it('follow the driver when GPUs come and go (ORCH-4506)', () => {
    const rounds = new Rounds();
    add(rounds, 0, line(0, 1), line(0, 3), line(1, 3), line(2, 3));
    expect(rounds.devices).toHaveLength(3);
    add(rounds, 0, line(0, 2), line(1, 2));
    expect(rounds.devices.map(({ id }) => id)).toEqual(['GPU-0', 'GPU-1']);
  });
});
