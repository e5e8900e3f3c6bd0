import { type Decode, type Sight, Silence, type Verdict } from './silence.js';

const FIRST_TOKEN_MS = 120_000;

function decode(facts: Partial<Decode> = {}): Decode {
  return { startedAt: 0, lastSignAt: 0, hasDecoded: true, stopped: false, ...facts };
}

/** Verdicts of looks that are one second apart. */
function looks(count: number, sightAt: (look: number) => Partial<Sight>): Verdict[] {
  const silence = new Silence();
  return Array.from({ length: count }, (_, look) =>
    silence.look({
      ...{ now: 1000 * (look + 1), decodes: [decode()], lastTokenAt: Number.NEGATIVE_INFINITY, cutOff: 0, slots: 1 },
      ...{ firstTokenMs: FIRST_TOKEN_MS },
      ...sightAt(look),
    }),
  );
}

describe('a silent engine', () => {
  it('hangs when all its slots decode and nothing came for ten looks (OC-POOL-3005)', () => {
    const verdicts = looks(11, () => ({}));
    expect(verdicts).toEqual([...Array<Verdict>(10).fill('well'), 'hung']);
  });

  it('is asked for one token half-way when a slot is free (OC-POOL-3005)', () => {
    expect(looks(10, () => ({ slots: 2 })).indexOf('doubt')).toBe(6);
  });

  it('does not hang while a prompt is being read, however long the others wait (OC-POOL-3005)', () => {
    const reading = decode({ hasDecoded: false });
    expect(looks(100, () => ({ decodes: [decode(), reading], slots: 2 }))).toEqual(Array(100).fill('well'));
    const late = looks(140, () => ({ decodes: [reading] }));
    expect(late.indexOf('hung')).toBeGreaterThanOrEqual(120);
  });

  it('does not hang when nobody waits for it (OC-POOL-3005)', () => {
    expect(looks(30, () => ({ decodes: [] }))).toEqual(Array(30).fill('well'));
    expect(looks(30, () => ({ decodes: [decode({ stopped: true })] }))).toEqual(Array(30).fill('well'));
  });

  it('does not hang when one of its decodes gets on (OC-POOL-3005)', () => {
    const verdicts = looks(40, (look) => ({ decodes: [decode(), decode({ lastSignAt: look * 1000 })], slots: 2 }));
    expect(verdicts).toEqual(Array(40).fill('well'));
  });

  it('is not blamed by a daemon that was held up itself: time passes, looks do not (OC-POOL-3005)', () => {
    expect(looks(3, (look) => ({ now: look * 60_000, firstTokenMs: 1 }))).toEqual(['well', 'well', 'well']);
  });

  it('is asked for one token once a task was ended because nothing came (OC-POOL-3005)', () => {
    expect(looks(1, () => ({ decodes: [], cutOff: 1 }))).toEqual(['doubt']);
    const reading = decode({ hasDecoded: false });
    expect(looks(1, () => ({ decodes: [reading], cutOff: 1, slots: 2 }))).toEqual(['well']);
    expect(looks(1, () => ({ decodes: [reading], cutOff: 2, slots: 2 }))).toEqual(['doubt']);
  });

  it('hangs also while prompts are read, when tasks in a row were ended because nothing came (OC-POOL-3005)', () => {
    const reading = decode({ hasDecoded: false });
    expect(looks(10, () => ({ decodes: [reading], cutOff: 2 })).at(-1)).toBe('hung');
  });
});
