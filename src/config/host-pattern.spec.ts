import { isHostPattern } from './host-pattern.js';

it.each([
  'example.com',
  '*.example.com',
  'bücher.example',
  'localhost',
  '10.0.0.1',
  '::1',
  '10.0.0.0/8',
  'fd00::/8',
  '0.0.0.0/0',
])('%s names hosts (ORCH-4703)', (text) => {
  expect(isHostPattern(text)).toBe(true);
});

it.each([
  ...['', '*', '*.', 'a.*.com', '*example.com', 'example.com:80', 'http://example.com', 'user@example.com', '[::1]'],
  ...['10.0.0.0/33', 'example.com/8', '::/129', '10.0.0.0/8/8', '127.1', '*.0x7f.1', 'exa mple.com', 'a/b'],
])('%j names none, or would be read in two ways (ORCH-4703)', (text) => {
  expect(isHostPattern(text)).toBe(false);
});
