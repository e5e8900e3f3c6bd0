import { type Json } from '../abi.js';
import { s } from './s.js';
import { type Infer, type Problem, type Schema } from './schema.js';

const problemsOf = (schema: Schema<unknown>, value: Json) => {
  const problems: Problem[] = [];
  schema.check(value, '', (problem) => problems.push(problem));
  return problems.map(({ path, message }) => `${path} ${message}`);
};

describe('settings', () => {
  const settings = s.object({
    hosts: s.array(s.host()).default([]),
    mode: s.enum('open', 'shut'),
    maxBytes: s.integer({ minimum: 1, maximum: 100 }).default(10).describe('Bytes.'),
    note: s.string({ maxLength: 5 }).optional(),
    ranges: s.array(s.cidr()).default([]),
    rules: s.array(s.object({ path: s.string({ pattern: '^/' }), isOn: s.boolean().default(true) })).default([]),
    limits: s.record(s.number({ minimum: 0 })).default({}),
  });

  it('have the type that they look like', () => {
    type Settings = Infer<typeof settings>;
    const typed: Settings = {
      hosts: ['example.com'],
      mode: 'open',
      maxBytes: 1,
      note: undefined,
      ranges: [],
      rules: [{ path: '/', isOn: false }],
      limits: { a: 1 },
    };
    // @ts-expect-error another word than those of the enum
    const wrong: Settings = { ...typed, mode: 'ajar' };
    // @ts-expect-error settings are read, not written
    typed.hosts.push('example.org');
    expect(problemsOf(settings, wrong as unknown as Json)).toEqual(['/mode has to be one of open, shut']);
  });

  it('become a JSON Schema for the manifest', () => {
    expect(settings.json).toMatchObject({
      type: 'object',
      required: ['mode'],
      additionalProperties: false,
      properties: {
        mode: { type: 'string', enum: ['open', 'shut'] },
        maxBytes: { type: 'integer', minimum: 1, maximum: 100, default: 10, description: 'Bytes.' },
        rules: { type: 'array', items: { required: ['path'] } },
      },
    });
  });

  it('tell what is wrong, and where', () => {
    const wrong = {
      hosts: ['a*b'],
      mode: 'open',
      maxBytes: 1.5,
      note: 'too long',
      ranges: ['x'],
      rules: [{ path: 'x' }],
      limits: { a: -1 },
      more: 1,
    };
    expect(problemsOf(settings, wrong)).toEqual([
      '/more is not a setting; there are hosts, mode, maxBytes, note, ranges, rules, limits',
      '/hosts/0 may have the wildcard at its start alone, as in *.example.com',
      '/maxBytes has to be a whole number',
      '/note has more than 5 characters',
      '/ranges/0 has to be a range such as 10.0.0.0/8 or 2001:db8::/32',
      '/rules/0/path does not match ^/',
      '/limits/a is below 0',
    ]);
  });

  it.each<[Json, string]>([
    [null, ' has to be an object'],
    [[], ' has to be an object'],
    [{}, '/mode is missing'],
    [{ mode: 'open', hosts: 'example.com' }, '/hosts has to be a list'],
    [{ mode: 'open', rules: [1] }, '/rules/0 has to be an object'],
    [{ mode: 'open', limits: [] }, '/limits has to be an object'],
    [{ mode: 'open', maxBytes: 101 }, '/maxBytes is over 100'],
  ])('refuse %j', (value, problem) => {
    expect(problemsOf(settings, value)).toEqual([problem]);
  });

  it('fill in what is absent, at any depth', () => {
    expect(settings.take({ mode: 'open', rules: [{ path: '/' }] })).toEqual({
      hosts: [],
      mode: 'open',
      maxBytes: 10,
      note: undefined,
      ranges: [],
      rules: [{ path: '/', isOn: true }],
      limits: {},
    });
    expect(settings.defaults).toEqual({ hosts: [], maxBytes: 10, ranges: [], rules: [], limits: {} });
  });

  it('are not called what every object has', () => {
    expect(() => s.object({ constructor: s.string() })).toThrow('cannot be called constructor');
  });
});
