import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigCheck } from '@llama-orch/policy-sdk/abi';
import { buildPackage, readPolicyPackage } from '@llama-orch/policy-sdk/build';
import { mutate, policy as policyOf } from '@llama-orch/policy-sdk/test';
import { BUILTIN_POLICIES } from '../../src/config/policy-schema.js';
import { type OpenedPolicy, openPolicy } from '../../src/policy-host/in-process.js';

const FOLDER = join(import.meta.dirname, '../../policies');
/** The host's own code; it has no module. */
const NATIVE = 'allow-all';
const HEADINGS = ['What it does', 'When to choose it', 'Settings', 'Limits'];
const names = readdirSync(FOLDER);

it('every policy that config offers is there, and no other (ORCH-4702)', () => {
  expect([...names, NATIVE].sort()).toEqual([...BUILTIN_POLICIES].sort());
});

describe.each(names)('the ready policy %s', (name) => {
  const folder = join(FOLDER, name);
  let policy: OpenedPolicy;
  let wasm: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    ({ wasm } = await buildPackage(folder));
    policy = await openPolicy(wasm);
  });
  afterAll(() => policy.close());

  it('says of itself what its policy.json says', async () => {
    const { facts } = await readPolicyPackage(folder);
    const { version, license } = policy.manifest;
    expect({ name: policy.manifest.name, version, license }).toEqual({
      name,
      version: facts.version,
      license: facts.license,
    });
    expect(facts.description).toMatch(/^[A-Z].*\.$/);
  });

  it('carries some of its cases, and keeps them (OC-POLICY-4001)', async () => {
    const { golden } = await readPolicyPackage(folder);
    expect(policy.manifest.tests.map((test) => test.name)).toEqual(golden.map((one) => one.name));
    expect(golden.length).toBeGreaterThanOrEqual(4);
    for (const { hook, event, config, expect: expected } of policy.manifest.tests) {
      const { decision } = await policy.decide(hook, { ...event, config });
      expect(decision).toMatchObject(expected);
    }
  });

  it('asks for no function of the host and no raw data (OC-POLICY-SDK-4110)', () => {
    expect(policy.manifest.capabilities).toEqual([]);
  });

  it('takes its own defaults, and none that it does not know', async () => {
    expect(await check(policy, policy.manifest.defaults)).toEqual({ ok: true, errors: [] });
    const { ok, errors } = await check(policy, { nonsense: 1 });
    expect(ok).toBe(false);
    expect(errors).toEqual([{ path: '/nonsense', message: expect.stringContaining('is not a setting; there are') }]);
  });

  it('explains itself under the fixed headings', () => {
    const text = readFileSync(join(folder, 'README.md'), 'utf8');
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(HEADINGS);
    for (const setting of Object.keys((policy.manifest.configSchema.properties ?? {}) as object)) {
      expect(text).toContain(`| \`${setting}\``);
    }
    for (const [, code] of readSource(folder).matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g))
      expect(text).toContain(`| \`${code}\``);
  });

  it('has a case for each small mistake that could be in it (OC-POLICY-4031)', async () => {
    const tested = policyOf(join(folder, 'src/index.ts'));
    const { cases } = await readPolicyPackage(folder);
    const { mutants, survived } = await mutate(tested, cases);
    await tested.close();
    expect(mutants).toBeGreaterThan(2);
    // Cases bring all settings, so that no other default is ever seen; those stand in the manifest.
    expect(
      survived.map(({ line, became }) => `${line} → ${became}`).filter((one) => !one.includes('.default(')),
    ).toEqual([]);
  });

  it('comes out the same however often it is built (OC-POLICY-4001)', async () => {
    expect(Buffer.from((await buildPackage(folder)).wasm).equals(wasm)).toBe(true);
  });
});

it.each([
  ['allow-hosts', { hosts: [], deny_hosts: [], deny_mime_types: [] }],
  ['method-guard', { methods: ['GET', 'HEAD'], rules: [], allow_body_with_get: false }],
  [
    'size-limit',
    {
      max_request_bytes: 65_536,
      max_query_bytes: 4_096,
      max_response_bytes: 1_048_576,
      tools: ['http.fetch', 'search'],
    },
  ],
  ['redact-secrets', { classes: ['secret.*'], pointers: [], how: 'drop', outgoing: 'allow' }],
  [
    'pii-mask',
    { classes: ['email', 'phone', 'card'], pointers: [], how: 'mask', trusted_hosts: [], outgoing: 'allow' },
  ],
  ['rate-limit', { by: ['tenant', 'host'], rate: 60, per_ms: 60_000, burst: 10, rules: [] }],
  [
    'per-task-budget',
    { max_calls: 20, max_request_bytes: 1_048_576, without_task: 'deny', tools: ['http.fetch', 'search'] },
  ],
])('%s does by default what its README says (OC-POLICY-4031)', async (name, defaults) => {
  expect((await buildPackage(join(FOLDER, name))).manifest.defaults).toEqual(defaults);
});

describe('settings that mean nothing, or not what they seem to, are refused (OC-POLICY-4031)', () => {
  it.each([
    ['allow-hosts', { hosts: ['a.*.com'] }, '/hosts/0'],
    ['allow-hosts', { hosts: ['*'] }, '/hosts/0'],
    ['allow-hosts', { hosts: ['example.com:8443'] }, '/hosts/0'],
    ['allow-hosts', { hosts: ['https://example.com'] }, '/hosts/0'],
    ['allow-hosts', { hosts: ['EXAMPLE.com'] }, '/hosts/0'],
    ['allow-hosts', { hosts: ['example.com.'] }, '/hosts/0'],
    ['allow-hosts', { hosts: ['ex\u0430mple.com'] }, '/hosts/0'],
    ['allow-hosts', { hosts: ['example.com', ''] }, '/hosts/1'],
    ['allow-hosts', { deny_hosts: ['*.*.com'] }, '/deny_hosts/0'],
    ['allow-hosts', { ports: [] }, '/ports'],
    ['allow-hosts', { ports: [0] }, '/ports/0'],
    ['allow-hosts', { ports: [443.5] }, '/ports/0'],
    ['allow-hosts', { schemes: ['ftp'] }, '/schemes/0'],
    ['allow-hosts', { mime_types: [] }, '/mime_types'],
    ['allow-hosts', { mime_types: ['*/*'] }, '/mime_types/0'],
    ['allow-hosts', { deny_mime_types: ['text/html; charset=utf-8'] }, '/deny_mime_types/0'],
    ['method-guard', { methods: [] }, '/methods'],
    ['method-guard', { methods: ['get'] }, '/methods/0'],
    ['method-guard', { methods: ['CONNECT'] }, '/methods/0'],
    ['method-guard', { rules: [{ hosts: [], methods: ['GET'] }] }, '/rules/0/hosts'],
    ['method-guard', { rules: [{ hosts: ['a.b'] }] }, '/rules/0/methods'],
    ['size-limit', { max_response_bytes: -1 }, '/max_response_bytes'],
    ['size-limit', { max_request_bytes: '64k' }, '/max_request_bytes'],
    ['redact-secrets', { classes: [] }, '/classes'],
    ['redact-secrets', { how: 'hide' }, '/how'],
    ['redact-secrets', { pointers: ['user.token'] }, '/pointers/0'],
    ['pii-mask', { outgoing: true }, '/outgoing'],
    ['rate-limit', { rate: 0 }, '/rate'],
    ['rate-limit', { by: ['ip'] }, '/by/0'],
    ['rate-limit', { rules: [{ rate: 1 }] }, '/rules/0/hosts'],
    ['per-task-budget', { max_calls: 1.5 }, '/max_calls'],
    ['per-task-budget', { without_task: 'maybe' }, '/without_task'],
  ])('%s with %j', async (name, settings, path) => {
    const { wasm } = await buildPackage(join(FOLDER, name));
    const policy = await openPolicy(wasm);
    try {
      const { ok, errors } = await check(policy, { ...policy.manifest.defaults, ...settings });
      expect(ok).toBe(false);
      expect(errors.map((error) => error.path)).toEqual([path]);
    } finally {
      await policy.close();
    }
  });
});

async function check(policy: OpenedPolicy, settings: object): Promise<ConfigCheck> {
  return JSON.parse(await policy.answer('validate_config', JSON.stringify(settings))) as ConfigCheck;
}

function readSource(folder: string): string {
  const files = readdirSync(join(folder, 'src')).map((file) => readFileSync(join(folder, 'src', file), 'utf8'));
  return files.join('\n');
}
