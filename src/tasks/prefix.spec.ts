import { type TokenEvent } from '@llama-orch/plugin-sdk';
import fc from 'fast-check';
import { joined } from './frames.js';
import { Prefix } from './prefix.js';

const said = (text: string, reasoning = false): TokenEvent => ({
  type: 'token',
  text,
  ...(reasoning && { reasoning }),
});

const pieces = fc.array(fc.record({ text: fc.string({ unit: 'grapheme', minLength: 1 }), reasoning: fc.boolean() }), {
  minLength: 1,
  maxLength: 8,
});

/** Cuts an answer into tokens of other lengths, never inside a character. */
function cut(answer: readonly { text: string; reasoning: boolean }[], lengths: readonly number[]): TokenEvent[] {
  let next = 0;
  return answer.flatMap(({ text, reasoning }) => {
    const characters = [...text];
    const tokens: TokenEvent[] = [];
    while (characters.length > 0) {
      tokens.push(said(characters.splice(0, lengths[next++ % lengths.length]).join(''), reasoning));
    }
    return tokens;
  });
}

describe('what a reader has', () => {
  it('is passed over byte for byte, however another run cuts it, and what is new goes on (ORCH-4211)', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(pieces, pieces, lengths, lengths, (known, unknown, before, after) => {
        const has = joined(cut(known, before).map(({ text, reasoning = false }) => ({ text, reasoning })));
        const prefix = new Prefix(has);
        const taken = cut(joined([...known, ...unknown]), after).map((token) => prefix.take(token));
        expect(taken).not.toContain('other');
        expect(prefix.isWhole).toBe(true);
        const rest = taken.flatMap((token) => (typeof token === 'string' ? [] : [token]));
        const all = [...has, ...rest.map(({ text, reasoning = false }) => ({ text, reasoning }))];
        expect(joined(all)).toEqual(joined([...known, ...unknown]));
      }),
      { seed: 7 },
    );
  });

  it('is not taken for repeated when one character differs (ORCH-4211)', () => {
    fc.assert(
      fc.property(pieces, fc.nat(), (known, where) => {
        const tokens = cut(joined(known), [2]);
        const at = where % tokens.length;
        tokens[at] = { ...tokens[at]!, text: `${tokens[at]!.text.slice(0, -1)}\u0001` };
        const prefix = new Prefix(joined(known));
        fc.pre(!known.some(({ text }) => text.includes('\u0001')));
        expect(tokens.map((token) => prefix.take(token))).toContain('other');
      }),
      { seed: 8 },
    );
  });

  it('has its reasoning apart from its output (ORCH-4211)', () => {
    const prefix = () =>
      new Prefix([
        { text: 'hm', reasoning: true },
        { text: 'yes', reasoning: false },
      ]);
    expect(prefix().take(said('hm'))).toBe('other');
    expect(prefix().take(said('hmyes', true))).toBe('other');
    const known = prefix();
    expect([known.take(said('hm', true)), known.isWhole, known.take(said('yes!'))]).toEqual([
      'known',
      false,
      said('!'),
    ]);
  });
});
