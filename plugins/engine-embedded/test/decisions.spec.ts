import { readFileSync } from 'node:fs';

import { schemaForGrammar } from '../src/child/json-schema.js';
import { contextTokensFor, threadsFor } from '../src/child/sizes.js';
import { reusable } from '../src/child/slots.js';
import { CrashLog } from '../src/crash-log.js';
import plugin from '../src/index.js';
import { withoutPaths } from '../src/paths.js';
import { scrubbedEnvironment } from '../src/runner-process.js';

const MB = 1024 * 1024;

it('runs small models on one thread and leaves a core to the daemon otherwise', () => {
  expect(threadsFor(2 * MB, 16)).toBe(1);
  expect(threadsFor(4_000 * MB, 16)).toBe(15);
  expect(threadsFor(4_000 * MB, 1)).toBe(1);
  expect(threadsFor(2 * MB, 16, 4)).toBe(4);
});

it('never opens a context beyond the limit of the model', () => {
  expect(contextTokensFor(131_072)).toBe(8_192);
  expect(contextTokensFor(131_072, 32_768)).toBe(32_768);
  expect(contextTokensFor(512, 4_096)).toBe(512);
});

it('reuses whole chunks of a prefix alone and leaves a token to read', () => {
  const tokens = Array.from({ length: 200 }, (_, index) => index);
  expect(reusable(tokens.slice(0, 192), tokens)).toBe(192);
  expect(reusable(tokens.slice(0, 128), tokens.slice(0, 128))).toBe(64);
  expect(reusable(tokens.slice(0, 128), [...tokens.slice(0, 100), -1, -2])).toBe(64);
  expect(reusable([], tokens)).toBe(0);
});

it('calls weights faulty after three crashes within a minute, not after three in a day', () => {
  let now = 0;
  const crashes = new CrashLog(() => now);
  for (now of [0, 59_000, 61_000, 130_000]) {
    crashes.record('sha256:a');
    expect(crashes.isFaulty('sha256:a')).toBe(false);
  }
  for (now of [150_000, 160_000]) crashes.record('sha256:a');
  expect(crashes.isFaulty('sha256:a')).toBe(true);
  expect(crashes.isFaulty('sha256:b')).toBe(false);
});

it('hands no secret of the daemon to the runner', () => {
  const given = scrubbedEnvironment({ PATH: '/bin', HOME: '/home/me', API_KEY: 's', NODE_OPTIONS: '--inspect' });
  expect(given).toEqual({ PATH: '/bin', HOME: '/home/me' });
});

it('takes the folders out of what the engine says', () => {
  expect(withoutPaths("cannot open '/srv/secret/models/a b.gguf' at C:\\x\\y.cpp:12")).not.toMatch(
    /srv|secret|models|x\\/,
  );
  expect(withoutPaths('3/4 of the tensors')).toContain('tensors');
});

it('declares the version of its package and strict options', () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(plugin).toMatchObject({ kind: 'engine-adapter', id: 'embedded', version: manifest.version });
  expect(plugin.options.parse({})).toEqual({ gpu: false });
  expect(plugin.options.safeParse({ thread: 1 }).success).toBe(false);
  expect(plugin.options.safeParse({ threads: 0 }).success).toBe(false);
});

describe('a JSON schema', () => {
  it('keeps what the grammar keeps and drops annotations', () => {
    const schema = {
      title: 'T',
      type: 'object',
      properties: { a: { type: 'integer', description: 'd' } },
      required: ['a'],
    };
    expect(schemaForGrammar(schema)).toEqual({
      type: 'object',
      properties: { a: { type: 'integer' } },
      required: ['a'],
      additionalProperties: false,
    });
  });

  it('that says nothing about the members of an object allows any', () => {
    expect(schemaForGrammar({ type: 'object' })).toEqual({ type: 'object', additionalProperties: true });
    expect(schemaForGrammar({})).toEqual({ type: 'object', additionalProperties: true });
  });

  it.each([
    ['a pattern', { type: 'string', pattern: 'a' }],
    ['a range', { type: 'integer', minimum: 3 }],
    ['a composition', { allOf: [{ type: 'string' }] }],
    ['an unnamed required member', { type: 'object', properties: {}, required: ['a'] }],
    ['a constant object', { const: { a: 1 } }],
    ['a reference elsewhere', { $ref: 'https://example.com/schema' }],
    ['an enormous bound', { type: 'array', items: { type: 'null' }, minItems: 1_000_000 }],
    ['nothing but false', false],
    ['endless nesting', nested(40)],
  ])('with %s is refused', (_, schema) => {
    expect(() => schemaForGrammar(schema)).toThrow(/cannot keep a JSON schema/);
  });
});

function nested(depth: number): unknown {
  return depth === 0 ? { type: 'null' } : { type: 'array', items: nested(depth - 1) };
}
