import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ROOT } from './support/requirements.js';

const schema = JSON.parse(readFileSync(join(ROOT, 'contracts/plugin-manifest.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ strict: true }).compile(schema);
const PLUGINS = readdirSync(join(ROOT, 'plugins')).filter((name) =>
  existsSync(join(ROOT, 'plugins', name, 'package.json')),
);

describe('The plugin manifest', () => {
  it.each(PLUGINS)('of %s is valid (ORCH-4701)', (name) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'plugins', name, 'package.json'), 'utf8')) as object;
    validate((manifest as { llamaOrch?: unknown }).llamaOrch);
    expect(validate.errors).toBeNull();
  });

  it.each([
    ['an unknown kind', { kind: 'gadget', id: 'x', apiVersion: '^1.0.0' }],
    ['an id in upper case', { kind: 'engine-adapter', id: 'Acme', apiVersion: '^1.0.0' }],
    ['no API range', { kind: 'engine-adapter', id: 'acme' }],
    ['an unknown member', { kind: 'engine-adapter', id: 'acme', apiVersion: '^1.0.0', entry: 'x.js' }],
  ])('is refused with %s (ORCH-4701)', (_title, manifest) => {
    expect(validate(manifest)).toBe(false);
  });
});
