import { type AnswerHead, type Asked, conditionOf, planFor } from './answer-plan.js';

const KNOWN = { etag: '"a"', lastModified: null, total: 100 };
const head = (status: number, headers: Record<string, string> = {}): AnswerHead => ({
  status,
  headers: Object.entries(headers),
});
const plan = (answer: AnswerHead, asked: Partial<Asked> = {}) =>
  planFor(answer, { from: 40, held: 40, known: KNOWN, sizeBytes: undefined, ...asked });
const part = (range: string, etag = '"a"') => head(206, { 'content-range': range, etag });

describe('what an answer is good for', () => {
  it.each<[string, AnswerHead, Partial<Asked>, object]>([
    ['a part that fits goes on', part('bytes 40-99/100'), {}, { type: 'go-on', length: 60, validators: KNOWN }],
    ['one of an unknown total too', part('bytes 40-99/*'), {}, { type: 'go-on', validators: { total: 100 } }],
    ['a weak tag of the same file is the same', part('bytes 40-99/100', 'W/"a"'), {}, { type: 'go-on' }],
    ['a part of another file', part('bytes 40-99/100', '"b"'), {}, { type: 'ask-for-all' }],
    ['a part from elsewhere', part('bytes 41-99/100'), {}, { type: 'ask-for-all' }],
    ['a part of a longer file', part('bytes 40-99/101'), {}, { type: 'ask-for-all' }],
    ['a part that ends before it begins', part('bytes 40-39/100'), {}, { type: 'ask-for-all' }],
    ['a part beyond its end', part('bytes 40-100/100'), {}, { type: 'ask-for-all' }],
    ['a part that does not say which', head(206), {}, { type: 'ask-for-all' }],
    ['a part that nobody asked for', part('bytes 0-99/100'), { from: undefined, held: 0 }, { type: 'try-again' }],
    ['all of it', head(200, { 'content-length': '100', etag: '"b"' }), {}, { type: 'from-the-start', length: 100 }],
    [
      'all, of a length that is not listed',
      head(200, { 'content-length': '7' }),
      { sizeBytes: 8 },
      { type: 'give-up', kind: 'changed' },
    ],
    ['nothing left to ask for', head(416, { 'content-range': 'bytes */40' }), {}, { type: 'complete' }],
    ['no such part of what is longer', head(416, { 'content-range': 'bytes */30' }), {}, { type: 'ask-for-all' }],
    ['gone', head(410), {}, { type: 'give-up', kind: 'missing' }],
    ['refused', head(403), {}, { type: 'ask-anew' }],
    ['busy', head(429, { 'retry-after': '7' }), {}, { type: 'try-again', waitMs: 7_000 }],
    ['busy for a day', head(503, { 'retry-after': '86400' }), {}, { type: 'try-again', waitMs: 60_000 }],
    ['nonsense', head(299), {}, { type: 'give-up', kind: 'broken_off' }],
  ])('%s (ORCH-3042)', (_what, answer, asked, expected) => expect(plan(answer, asked)).toMatchObject(expected));

  it('asks under the condition of a strong tag, else of a date', () => {
    expect(conditionOf(KNOWN)).toBe('"a"');
    expect(conditionOf({ etag: 'W/"a"', lastModified: 'Sat', total: null })).toBe('Sat');
    expect(conditionOf({ etag: null, lastModified: null, total: null })).toBeUndefined();
  });
});
