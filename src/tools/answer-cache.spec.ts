import { FakeClock } from '../../test/support/fake-clock.js';
import { type DecidedHop, type KeptAnswer } from '../egress/egress.js';
import { AnswerCache, type CacheScope } from './answer-cache.js';

const SCOPE: CacheScope = { tenant: 'a', secrets: ['x', 'y'], maxBytes: 100 };
const HOP: DecidedHop = {
  method: 'GET',
  url: 'https://a.example/',
  headers: [
    ['accept', 'text/*'],
    ['x-a', '1'],
  ],
};
const answer = (size = 8, more: Partial<KeptAnswer> = {}): KeptAnswer => ({
  ...{ status: 200, headers: [['content-type', 'text/plain']], body: new Uint8Array(size) },
  ...more,
});

function cache(mostBytes?: number) {
  const clock = new FakeClock();
  const kept = new AnswerCache(clock, 1_000, mostBytes);
  return { clock, kept, for: (scope: Partial<CacheScope> = {}) => kept.for({ ...SCOPE, ...scope })! };
}

describe('kept answers (OC-POLICY-4033)', () => {
  it('are found by the same call, whatever the order of its headers and secrets', () => {
    const all = cache();
    const first = answer();
    all.for().keep(HOP, first);
    const same = {
      ...HOP,
      headers: [
        ['X-A', '1'],
        ['accept', 'text/*'],
      ] as const,
    };
    expect(all.for({ secrets: ['y', 'x'] }).find(same)).toBe(first);
  });

  it.each<readonly [string, Partial<CacheScope>, Partial<DecidedHop>]>([
    ['another tenant', { tenant: 'b' }, {}],
    ['other secrets', { secrets: ['x'] }, {}],
    ['another address', {}, { url: 'https://a.example/b' }],
    ['another header', {}, { headers: [['accept', 'text/*']] }],
    ['another method', {}, { method: 'HEAD' }],
    ['a smaller cap', { maxBytes: 7 }, {}],
  ])('are not found with %s', (_what, scope, hop) => {
    const all = cache();
    all.for().keep(HOP, answer());
    expect(all.for(scope).find({ ...HOP, ...hop })).toBeUndefined();
  });

  it.each<readonly [string, Partial<DecidedHop>, Partial<KeptAnswer>]>([
    ['to POST', { method: 'POST' }, {}],
    ['that are no 200', {}, { status: 404 }],
    ['that forbid it', {}, { headers: [['Cache-Control', 'private, no-store']] }],
  ])('are none %s', (_what, hop, more) => {
    const all = cache();
    all.for().keep({ ...HOP, ...hop }, answer(8, more));
    expect(all.for().find({ ...HOP, ...hop })).toBeUndefined();
  });

  it('are forgotten when their time is over', () => {
    const all = cache();
    all.for().keep(HOP, answer());
    all.clock.leap(999);
    expect(all.for().find(HOP)).toBeDefined();
    all.clock.leap(1);
    expect(all.for().find(HOP)).toBeUndefined();
  });

  it('stay within their bytes: the oldest go first, and one that is too large is not kept', () => {
    const all = cache(3_000);
    const at = (path: string) => ({ ...HOP, url: `https://a.example/${path}` });
    for (const path of ['1', '2', '3']) all.for().keep(at(path), answer(50));
    expect([1, 2, 3].map((path) => all.for().find(at(String(path))) !== undefined)).toEqual([false, true, true]);
    all.for().keep(at('2'), answer(2_500));
    expect([2, 3].map((path) => all.for().find(at(String(path))) !== undefined)).toEqual([false, true]);
  });

  it('are nobody’s when the time is 0', () => expect(new AnswerCache(new FakeClock(), 0).for(SCOPE)).toBeUndefined());
});
