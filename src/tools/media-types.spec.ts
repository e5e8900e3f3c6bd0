import { allowedByBoth, mediaTypeOf } from './media-types.js';

it.each([
  ['Text/HTML; charset=utf-8', 'text/html'],
  ['', undefined],
  [undefined, undefined],
])('the media type of %j is %j', (header, type) => expect(mediaTypeOf(header)).toBe(type));

it.each([
  ['nothing said', [], [], []],
  ['the operator alone', ['text/*'], [], ['text/*']],
  ['the caller alone', [], ['Text/Html'], ['Text/Html']],
  ['a narrower caller', ['text/*', 'application/json'], ['text/html', 'image/png'], ['text/html']],
  ['a wider caller', ['text/html'], ['text/*'], ['text/html']],
  ['nothing in common', ['text/*'], ['image/*'], undefined],
  ['types that begin alike', ['text/*'], ['textual/x'], undefined],
])('with %s, both allow what each allows (OC-POLICY-4031)', (_what, operator, caller, both) => {
  expect(allowedByBoth(operator, caller)).toEqual(both);
});
