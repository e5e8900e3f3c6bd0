import { ReadTurns } from './read-turns.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ReadTurns', () => {
  it('resumes a few streams per turn, first come first served', async () => {
    const turns = new ReadTurns();
    const resumed: number[] = [];
    for (let at = 0; at < 20; at += 1) turns.wait({ resume: () => resumed.push(at) });
    const perTurn: number[] = [];
    while (resumed.length < 20) {
      const before = resumed.length;
      await turn();
      perTurn.push(resumed.length - before);
    }
    expect(resumed).toEqual([...Array(20).keys()]);
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(8);
    expect(perTurn.length).toBeGreaterThanOrEqual(3);
  });

  it('gives a stream that comes back at once its next turn behind the others', async () => {
    const turns = new ReadTurns();
    const resumed: string[] = [];
    let left = 3;
    const greedy = { resume: (): void => void (resumed.push('greedy'), (left -= 1) > 0 && turns.wait(greedy)) };
    turns.wait(greedy);
    for (let at = 0; at < 8; at += 1) turns.wait({ resume: () => resumed.push(`other ${at}`) });
    while (left > 0) await turn();
    expect(resumed.indexOf('other 7')).toBeLessThan(resumed.indexOf('greedy', 1));
  });
});
