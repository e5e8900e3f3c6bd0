import { Ajv } from 'ajv';
import { configJsonSchema, configJsonSchemaText, configSchema, parseConfig } from './index.js';

const compile = () => new Ajv({ strict: false, validateFormats: false }).compile(configJsonSchema());

describe('the JSON Schema of the configuration', () => {
  it('is draft-07, titled Config, and closed at every level (OC-CONFIG-6010, ORCH-4803)', () => {
    const schema = configJsonSchema();
    expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
    expect(schema['title']).toBe('Config');
    const open: string[] = [];
    walk(schema, '', (node, path) => {
      if (node['properties'] !== undefined && node['additionalProperties'] !== false) open.push(path);
    });
    expect(open).toEqual([]);
  });

  it('describes every member (OC-CONFIG-6010)', () => {
    const silent: string[] = [];
    walk(configJsonSchema(), '', (node, path) => {
      for (const [name, member] of Object.entries(
        (node['properties'] ?? {}) as Record<string, { description?: string }>,
      ))
        if (!member.description) silent.push(`${path}/${name}`);
    });
    expect(silent).toEqual([]);
  });

  it('is the same text each time (OC-CONFIG-6010)', () => {
    expect(configJsonSchemaText()).toBe(configJsonSchemaText());
    expect(configJsonSchemaText().endsWith('}\n')).toBe(true);
  });

  it.each([
    ['nothing', {}],
    ['a section', { log: { level: 'warn' } }],
    ['a pool', { pools: [{ id: 'a', engine: 'embedded', model: 'm', options: { free: [1] } }] }],
    ['an unknown key', { storage: {} }],
    ['an unknown nested key', { pools: [{ id: 'a', engine: 'embedded', model: 'm', x: 1 }] }],
    ['a missing key', { pools: [{ id: 'a', engine: 'embedded' }] }],
    ['a wrong type', { limits: { body_bytes: '4' } }],
    ['a value off its list', { log: { level: 'loud' } }],
    ['a number out of range', { pools: [{ id: 'a', engine: 'embedded', model: 'm', slots: 0 }] }],
    ['a malformed bind', { server: { bind: '8080' } }],
  ])('agrees with the validator about %s (ORCH-4803)', (_what, value) => {
    expect(compile()(value)).toBe(configSchema.safeParse(value).success);
  });

  it('accepts the configuration that the defaults make (ORCH-4803)', () => {
    expect(compile()(parseConfig({}))).toBe(true);
  });
});

function walk(node: unknown, path: string, visit: (node: Record<string, unknown>, path: string) => void): void {
  if (typeof node !== 'object' || node === null) return;
  visit(node as Record<string, unknown>, path);
  for (const [key, member] of Object.entries(node)) walk(member, `${path}/${key}`, visit);
}
