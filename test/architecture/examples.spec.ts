import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { configJsonSchema, configJsonSchemaText, ConfigError, loadConfig, loadFleet } from '../../src/config/index.js';
import { readTrace } from '../../src/scheduling/simulator/trace.js';
import { filesIn, ROOT } from './source-file.js';

const MODELINE = '# yaml-language-server: $schema=../contracts/config.schema.json\n';
const SIMULATOR = 'examples/simulator/';
const examples = filesIn(['examples'], '.yaml').filter(({ path }) => !path.startsWith(SIMULATOR));
const validate = new Ajv({ strict: false, validateFormats: false }).compile(configJsonSchema());

it('finds the examples that it checks', () => {
  expect(examples.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['examples/minimal.yaml', 'examples/lan-with-keys.yaml']),
  );
});

describe.each(examples)('$path', ({ path, text }) => {
  it('is accepted by the strict reader without a warning (OC-CONFIG-6002)', () => {
    const { config, warnings, source } = loadConfig({ flags: { config: path }, env: {}, cwd: ROOT });
    expect(source).toMatchObject({ type: 'file', namedBy: '--config' });
    expect(warnings).toEqual([]);
    expect(config.pools.length).toBeGreaterThan(0);
  });

  it('is accepted by the published JSON Schema, which its first line names (OC-CONFIG-6002)', () => {
    expect(text.startsWith(MODELINE)).toBe(true);
    validate(parse(text));
    expect(validate.errors ?? []).toEqual([]);
  });
});

it.each(filesIn([SIMULATOR], '.yaml'))('the simulator takes $path (ORCH-4955)', ({ path }) => {
  expect(loadFleet(path, ROOT).pools.length).toBeGreaterThan(0);
});

it.each(filesIn([SIMULATOR], '.csv'))('the simulator takes $path (ORCH-4955)', ({ path, text }) => {
  const fleet = loadFleet(`${SIMULATOR}fleet.yaml`, ROOT);
  expect(readTrace(path, text, fleet).count).toBeGreaterThan(1);
});

it('an example with a key that is not there would be found (OC-CONFIG-6002)', () => {
  expect(validate({ pools: [{ id: 'a', engine: 'embedded', model: 'm', gpu_layers: 1 }] })).toBe(false);
  const load = () => loadConfig({ flags: { config: 'test/architecture/examples.spec.ts' }, env: {}, cwd: ROOT });
  expect(load).toThrow(ConfigError);
});

it('the published JSON Schema is the one that the validator makes (OC-CONFIG-6010, ORCH-4803)', () => {
  expect(readFileSync(join(ROOT, 'contracts/config.schema.json'), 'utf8')).toBe(configJsonSchemaText());
});
