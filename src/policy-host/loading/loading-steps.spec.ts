import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { requestEvent } from '../../../test/policy/events.js';
import { HostRig, policyEntries } from '../../../test/policy/host-rig.js';
import { answering, doing } from '../../../test/policy/modules.js';
import { requestCall } from '../../../test/policy/pool-rig.js';
import { eventually } from '../../../test/support/eventually.js';
import { withManifest, wasmOf } from '../../../test/support/wat.js';
import { BUILTIN_POLICIES } from '../../config/policy-schema.js';
import { digestOf } from '../module/prepare.js';
import { generateKeys, signModule } from '../module/signature.js';

let rig: HostRig;
beforeEach(() => void (rig = new HostRig()));
afterEach(() => rig.close());

type Made = Uint8Array | Promise<Uint8Array>;
const put = (made: Uint8Array | Promise<Uint8Array>) => rig.put(made, 'acme.wasm');
const named = (manifest: Partial<PolicyManifest> = {}): Partial<PolicyManifest> => ({ name: 'acme', ...manifest });
const denying = (code: string, manifest: Partial<PolicyManifest> = {}) =>
  answering({ decision: 'deny', code }, named(manifest));
const acme = (more: object = {}) => policyEntries({ path: 'acme.wasm', ...more });
const noSandbox = () => {
  throw new Error('a sandbox was started');
};
const refusal = (opening: Promise<unknown>): Promise<string> =>
  opening.then(
    () => 'it was loaded',
    (error: Error) => error.message,
  );

describe('the start', () => {
  it('loads a policy, asks it and shows it (ORCH-4702, OC-POLICY-4020)', async () => {
    const bytes = await put(denying('NO', { version: '1.2.3' }));
    const host = await rig.open(acme());
    expect(await host.decide(requestCall())).toMatchObject({
      decision: 'deny',
      code: 'NO',
      by: { policy: 'acme', version: '1.2.3', digest: digestOf(bytes) },
    });
    expect(host.list()).toEqual([
      {
        id: 'acme',
        source: 'acme.wasm',
        version: '1.2.3',
        digest: digestOf(bytes),
        hooks: ['on_request'],
        mode: 'enforce',
        state: 'active',
        loadMs: expect.any(Number),
        error: null,
      },
    ]);
    expect([host.has('on_request'), host.has('on_admission')]).toEqual([true, false]);
    expect(host.manifestOf('acme')?.version).toBe('1.2.3');
    expect(rig.news).toEqual([{ type: 'loaded', policy: host.list()[0] }]);
  });

  it('asks nobody and starts no sandbox where no policy is configured (ORCH-4702)', async () => {
    const host = await rig.open([], { sandbox: noSandbox });
    expect(await host.decide(requestCall())).toMatchObject({ decision: 'allow', code: 'NO_POLICY', outcomes: [] });
    expect(host.has('on_request')).toBe(false);
  });

  it('starts no sandbox for allow-all alone, which answers here and is asked where its entry says (ORCH-4702)', async () => {
    const host = await rig.open(policyEntries({ builtin: 'allow-all', hooks: ['on_request'] }), { sandbox: noSandbox });
    expect(await host.decide(requestCall())).toMatchObject({ code: 'ALLOWED', by: { policy: 'allow-all' } });
    expect([host.has('on_request'), host.has('on_response')]).toEqual([true, false]);
  });

  const strict = { type: 'object', properties: { most: { type: 'integer' } }, additionalProperties: false };
  const settings = `(func (export "validate_config") (result i32) (call $answer %check) (i32.const 0))`;
  const checking = (check: unknown) =>
    doing('', { more: settings, texts: { check: JSON.stringify(check) }, manifest: named() });
  const golden = (expect: object) =>
    denying('NO', {
      tests: [{ name: 'a call', hook: 'on_request', event: requestEvent(), config: {}, expect: expect as never }],
    });

  it.each<readonly [string, () => Made, object, RegExp]>([
    [
      'is not there',
      async () => new Uint8Array(),
      { path: 'none.wasm' },
      /^policy none\.wasm: read: there is no such file; check its path/,
    ],
    [
      'is too large',
      () => new Uint8Array(4 * 1024 * 1024 + 1),
      {},
      /^policy acme\.wasm: size: .*4194305 bytes; at most 4 MiB/,
    ],
    [
      'has another digest than the configuration says',
      () => denying('NO'),
      { sha256: `sha256:${'0'.repeat(64)}` },
      /^policy acme\.wasm: digest: the module is sha256:[0-9a-f]{64}, the configuration expects sha256:0000/,
    ],
    [
      'is no module',
      () => Buffer.from('hello, this is text'),
      {},
      /^policy acme\.wasm: module: .*does not begin like a WebAssembly module.*\(POLICY_ABI\)$/,
    ],
    [
      'imports what is not offered',
      async () => withManifest(await wasmOf('(module (import "env" "open" (func)) (memory (export "memory") 1))')),
      {},
      /^policy acme\.wasm: module: .*open.*\(POLICY_IMPORT\)$/,
    ],
    [
      'is built for another ABI',
      () => denying('NO', { abi: '2.0' }),
      {},
      /^policy acme\.wasm: module: .*ABI 2\.0.*ABI 1\.0/,
    ],
    [
      'lacks the hook that the entry names',
      () => denying('NO'),
      { hooks: ['on_response'] },
      /^policy acme\.wasm: hooks: .*no on_response; it has on_request/,
    ],
    [
      'gets settings that its schema refuses',
      () => denying('NO', { configSchema: strict }),
      { settings: { mots: 1 } },
      /^policy acme\.wasm: settings: .*"mots".*correct them in the configuration/,
    ],
    [
      'has a schema that is none',
      () => denying('NO', { configSchema: { type: 'thing' } }),
      {},
      /^policy acme\.wasm: settings: .*configSchema is no JSON Schema/,
    ],
    [
      'refuses its settings itself',
      () => checking({ ok: false, errors: [{ path: '/hosts', message: 'must name a host' }] }),
      {},
      /^policy acme\.wasm: settings: settings\/hosts must name a host; correct/,
    ],
    [
      'answers nonsense about its settings',
      () => checking({ fine: true }),
      {},
      /^policy acme\.wasm: settings: validate_config answered no .*\(POLICY_BAD_OUTPUT\)/,
    ],
    [
      'carries two manifests',
      async () => withManifest(await answering({ decision: 'allow' }), { name: 'other' }).slice(),
      {},
      /more than one custom section/,
    ],
    [
      'fails its own test',
      () => golden({ decision: 'allow' }),
      {},
      /^policy acme\.wasm: tests: its own test "a call" fails: decision is "deny", expected "allow"/,
    ],
    [
      'does not start',
      () => doing('', { more: '(func $bomb unreachable) (start $bomb)', manifest: named() }),
      {},
      /^policy acme\.wasm: start: .*\(POLICY_TRAP\)$/,
    ],
    [
      'loops at its start',
      () => doing('', { more: '(func $loop (loop $again (br $again))) (start $loop)', manifest: named() }),
      {},
      /^policy acme\.wasm: start: .*\(POLICY_(?:FUEL|TRAP)\)$/,
    ],
  ])('stops at a policy that %s (ORCH-4701, ORCH-4702, OC-POLICY-4002)', async (_what, made, entry, words) => {
    await put(made());
    expect(await refusal(rig.open(acme(entry)))).toMatch(words);
  });

  it('stops at a module whose describe answers something else than its manifest says (OC-POLICY-4002)', async () => {
    const bytes = await answering({ decision: 'allow' }, named());
    const text = Buffer.from(bytes).toString('latin1').replace('"fuelHint":1000', '"fuelHint":1001');
    await put(Buffer.from(text, 'latin1'));
    expect(await refusal(rig.open(acme()))).toMatch(
      /^policy acme\.wasm: describe: .*differ in fuelHint.*\(POLICY_ABI\)$/,
    );
  });

  it('holds against golden tests only the members that they name (ORCH-4702)', async () => {
    await put(golden({ code: 'NO' }));
    expect((await rig.open(acme())).list()).toHaveLength(1);
  });

  it('lays the settings of the operator over the defaults of the policy (ORCH-4702)', async () => {
    await put(denying('NO', { configSchema: { type: 'object' }, defaults: { a: 1, b: 1 } }));
    const host = await rig.open(acme({ settings: { b: 2 } }));
    const { outcomes } = await host.decide(requestCall());
    expect(outcomes[0]?.config).toEqual({ a: 1, b: 2 });
  });

  it('loads every policy that comes with llama-orch by its name (ORCH-4702)', async () => {
    const entries = BUILTIN_POLICIES.map((builtin) => ({ builtin }));
    const host = await rig.open(policyEntries(...entries), { trust: { requireSignature: true, keys: [] } });
    expect(host.list().map(({ id, source, state }) => [id, source, state])).toEqual(
      BUILTIN_POLICIES.map((name) => [name, `builtin:${name}`, 'active']),
    );
  });

  it('refuses two policies of one name, and takes them under ids of their own (ORCH-4702)', async () => {
    await put(denying('NO'));
    const twice = [{ path: 'acme.wasm' }, { path: 'acme.wasm' }];
    expect(await refusal(rig.open(policyEntries(...twice)))).toMatch(
      /^policy acme: name: .*give one of the entries an id/,
    );
    const host = await rig.open(policyEntries({ id: 'b', ...twice[0] }, { id: 'a', ...twice[1] }));
    expect(host.list().map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('keeps the module of each policy in force under its digest (ORCH-4704)', async () => {
    const bytes = await put(denying('NO'));
    await rig.open(acme());
    const kept = readFileSync(join(rig.archiveFolder, `${digestOf(bytes).slice(7)}.wasm`));
    expect(kept.equals(bytes)).toBe(true);
  });
});

describe('the right to see secrets', () => {
  const seeing = (code: string) => denying(code, { capabilities: ['raw-secrets'] });

  it('is refused to a policy that the operator does not give it (OC-CTRL-2041, ORCH-4702)', async () => {
    await put(seeing('NO'));
    expect(await refusal(rig.open(acme()))).toMatch(
      /^policy acme\.wasm: grants: the policy asks for raw-secrets, .* name it in grants of the entry/,
    );
    const host = await rig.open(acme({ grants: ['raw-secrets'] }));
    expect(host.manifestOf('acme')?.capabilities).toEqual(['raw-secrets']);
  });

  it('does not come in with a swap, and a swap counts as another revision (OC-CTRL-2041, ORCH-4702)', async () => {
    await put(denying('ONE'));
    const host = await rig.open(acme());
    const before = host.revision;
    await put(seeing('TWO'));
    await eventually(() => expect(host.list()[0]?.error).toMatch(/^grants: the policy asks for raw-secrets/));
    expect(await host.decide(requestCall())).toMatchObject({ code: 'ONE' });
    expect(host.revision).toBe(before);
    await put(denying('THREE'));
    await eventually(async () => expect(await host.decide(requestCall())).toMatchObject({ code: 'THREE' }));
    expect(host.revision).not.toBe(before);
  });
});

describe('signatures', () => {
  const { privateKey, publicKey } = generateKeys();
  const trust = { requireSignature: true, keys: [publicKey] };
  const sign = (bytes: Uint8Array, key = privateKey) =>
    writeFileSync(join(rig.folder, 'acme.wasm.sig'), JSON.stringify(signModule(bytes, key)));

  it('are required where the operator says so (ORCH-4702)', async () => {
    const bytes = await put(denying('NO'));
    expect(await refusal(rig.open(acme(), { trust }))).toMatch(
      /^policy acme\.wasm: signature: .*not signed.*\(POLICY_SIGNATURE\)$/,
    );
    sign(bytes, generateKeys().privateKey);
    expect(await refusal(rig.open(acme(), { trust }))).toMatch(/signature: .*not trusted here/);
    sign(bytes);
    expect((await rig.open(acme(), { trust })).list()).toHaveLength(1);
  });

  it('have to be good where keys are trusted, even if none is required (ORCH-4702)', async () => {
    await put(denying('NO'));
    sign(await denying('OTHER'));
    const lenient = { requireSignature: false, keys: [publicKey] };
    expect(await refusal(rig.open(acme(), { trust: lenient }))).toMatch(/signature: the signature is for sha256:/);
  });

  it('let a swap happen once the new module is signed too (ORCH-4702)', async () => {
    sign(await put(denying('ONE')));
    const host = await rig.open(acme(), { trust });
    const next = await put(denying('TWO'));
    await eventually(() => expect(host.list()[0]?.error).toMatch(/^signature: the signature is for/));
    expect(await host.decide(requestCall())).toMatchObject({ code: 'ONE' });
    sign(next);
    await eventually(async () => expect(await host.decide(requestCall())).toMatchObject({ code: 'TWO' }));
    expect(host.list()[0]?.error).toBeNull();
  });
});
