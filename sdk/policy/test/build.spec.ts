import { HOST_MODULE, MANIFEST_SECTION } from '../src/abi.js';
import { buildPolicy } from '../src/build/index.js';
import { policy, type PolicyUnderTest, request } from '../src/test/index.js';
import { policyFile, removePolicyFiles, requestPolicy } from './policy-file.js';

const opened: PolicyUnderTest[] = [];
const tested = (source: string) => {
  const one = policy(policyFile(source));
  opened.push(one);
  return one;
};
const someCall = request.get('https://api.example.com/v1');
const hostImports = (module: WebAssembly.Module) =>
  WebAssembly.Module.imports(module).flatMap((one) => (one.module === HOST_MODULE ? [one.name] : []));

afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
  removePolicyFiles();
});

describe('buildPolicy', () => {
  it('makes the same bytes of the same sources, wherever they lie', async () => {
    const source = requestPolicy(`() => helps() ? allow() : deny('NO', 'no')`) + `import { helps } from './helper.ts';`;
    const files = [1, 2].map(() => policyFile(source, { 'helper.ts': 'export const helps = (): boolean => true;' }));
    const [first, second] = await Promise.all(files.map((entry) => buildPolicy({ entry })));
    expect(first?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(second?.digest).toBe(first?.digest);
    const text = Buffer.from(first?.wasm ?? []).toString('latin1');
    for (const trace of ['helper.ts', 'index.ts', 'node_modules', '/tmp', process.cwd()])
      expect(text).not.toContain(trace);
  });

  it('exports the functions of all hooks, and says in its section which are there, as when it is asked', async () => {
    const { wasm, manifest, bytes } = await buildPolicy({ entry: policyFile(requestPolicy('() => allow()')) });
    const module = new WebAssembly.Module(wasm);
    expect(
      WebAssembly.Module.exports(module)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['describe', 'memory', 'on_admission', 'on_request', 'on_response', 'validate_config']);
    expect(manifest.hooks).toEqual(['on_request']);
    const [section] = WebAssembly.Module.customSections(module, MANIFEST_SECTION);
    expect(JSON.parse(Buffer.from(section ?? new ArrayBuffer(0)).toString())).toEqual(manifest);
    expect(bytes).toBeLessThan(1024 * 1024);
  });

  it('imports the host functions that the policy declares, and no other (OC-POLICY-4010)', async () => {
    const build = async (capabilities: string) => {
      const source = requestPolicy(
        `(c) => deny('HASH', host.sha256('abc') + host.glob('/a/b', '/a/*'))`,
        `capabilities: ${capabilities},`,
      );
      return new WebAssembly.Module((await buildPolicy({ entry: policyFile(source) })).wasm);
    };
    expect(hostImports(await build('[]'))).toEqual([]);
    expect(hostImports(await build(`['sha256', 'raw-secrets']`))).toEqual(['sha256']);
    expect(hostImports(await build(`['sha256', 'glob', 'counter', 'ip_in']`))).toEqual([
      'ip_in',
      'glob',
      'sha256',
      'counter',
    ]);
  });

  it('carries golden tests with whole events', async () => {
    const tests = `tests: [{ name: 'allows', hook: 'on_request', event: { request: { url: 'https://a.example/x' } }, expect: { decision: 'allow' } }],`;
    const cases = [{ name: 'again', hook: 'on_request', event: {}, expect: { decision: 'allow' } }] as const;
    const { manifest } = await buildPolicy({
      entry: policyFile(requestPolicy('() => allow()', tests)),
      cases,
      fuelHint: 9,
    });
    expect(manifest.fuelHint).toBe(9);
    expect(manifest.tests.map(({ name }) => name)).toEqual(['allows', 'again']);
    expect(manifest.tests[0]?.event).toMatchObject({
      kind: 'http.request',
      request: { url: { host: 'a.example', port: 443 }, addresses: [{ family: 4 }] },
    });
  });

  it.each([
    ['a mistake in writing', `const a = ;`, /^index\.ts:1:11: Unexpected ";"\n +1 \| const a = ;/],
    [
      'a built-in of Node',
      `import 'node:fs'; export default 1;`,
      /^index\.ts:1:8: node:fs is not there inside a policy/,
    ],
    ['one without its scheme', `import 'fs/promises'; export default 1;`, /fs\/promises is not there inside a policy/],
    [
      'the network',
      `import 'https://example.com/a.js'; export default 1;`,
      /is not fetched: a policy is built offline/,
    ],
    ['the test kit', `import '@llama-orch/policy-sdk/test'; export default 1;`, /is for building and testing policies/],
    [
      'a package that is not there',
      `import 'left-out'; export default 1;`,
      /index\.ts:1:8: Could not resolve "left-out"/,
    ],
    ['no policy', `export const a = 1;`, /^index\.ts has no policy as its default export/],
    ['something else', `export default { name: 'a' };`, /the default export is no policy/],
    [
      'a name that is none',
      requestPolicy('() => allow()').replace('fixture', 'Fix Ture'),
      /definePolicy: the name "Fix Ture"/,
    ],
    [
      'what throws at once',
      `export default 1; throw new Error('not now');`,
      /The policy cannot be evaluated: Error: not now/,
    ],
    ['a file that waits', `await 0; export default 1;`, /Top-level await/],
  ])('says what is wrong: %s', async (_, source, saying) => {
    await expect(buildPolicy({ entry: policyFile(source) })).rejects.toThrow(saying);
  });

  it('names a file that is not there', async () => {
    await expect(buildPolicy({ entry: 'nowhere/policy.ts' })).rejects.toThrow('policy.ts');
  });
});

describe('inside of a policy (OC-POLICY-4001, OC-POLICY-SDK-4110)', () => {
  it('the clock is that of the event, and the time zone UTC', async () => {
    const clock = tested(
      requestPolicy(
        '() => deny("TIME", `${Date.now()} ${new Date().toISOString()} ${new Date(0).getFullYear()} ${c()}`)',
      ) + 'const c = () => new Date() instanceof Date;',
    );
    const { reason } = await clock.on(someCall.at('2026-03-01T10:00:00Z')).denies('TIME');
    expect(reason).toBe('1772359200000 2026-03-01T10:00:00.000Z 1970 true');
    expect((await clock.on(someCall.at(5)).denies()).reason).toContain('5 1970-01-01T00:00:00.005Z');
  });

  it('there is no chance, no console, no timer, no network', async () => {
    await tested(requestPolicy('() => deny("N", String(Math.random()))')).on(someCall).fails('no Math.random');
    for (const [use, saying] of [
      ['console.log(1)', 'use log'],
      ['setTimeout(() => 1, 1)', 'no timers'],
      ['fetch("x")', 'no network'],
    ] as const) {
      const { outcome } = await outcomeOf(requestPolicy(`() => { ${use}; return allow(); }`));
      expect([outcome.error?.code, outcome.logs.at(-1)?.text]).toEqual([
        'POLICY_GUEST_ERROR',
        expect.stringContaining(saying),
      ]);
    }
  });

  it('nothing is left from one call to the next', async () => {
    const counting = tested(
      `let calls = 0;` +
        requestPolicy('() => deny("N", String((calls += 1, globalThis.seen = (globalThis.seen ?? 0) + 1)) + calls)'),
    );
    const wasm = async () =>
      (await counting.answer(someCall).catch((error: Error) => error)) as {
        outcome?: { decision?: { reason?: string } };
      } & Error;
    const first = await wasm();
    const second = await wasm();
    expect(first.outcome?.decision?.reason).toBe('11');
    // As TypeScript it counts on: that the two differ is what shows the author that the policy keeps state.
    expect(second.message).toMatch(/TypeScript answered .*"22".* WASM .*"11"/);
  });

  it.each([
    ['loops for ever', '() => { for (;;) ; }', 'POLICY_FUEL'],
    [
      'calls itself for ever',
      '() => { const f = (n: number): number => f(n + 1) + 1; return deny("N", String(f(0))); }',
      'POLICY_STACK',
    ],
    [
      'takes all memory',
      '() => { const all: ArrayBuffer[] = []; for (;;) all.push(new ArrayBuffer(1_000_000)); }',
      'POLICY_MEMORY',
    ],
  ])('what %s is ended', async (_, hook, code) => {
    const { outcome } = await outcomeOf(requestPolicy(hook));
    expect(outcome.error?.code).toBe(code);
  });

  it('the host answers what the policy declares, and refuses the rest', async () => {
    const hook = `(c) => deny('H', [host.sha256('abc').slice(0, 8), host.glob('/a/b', '/a/*'), host.parseUrl('http://x.example:81/p')?.port, host.counter('calls')].join(' '))`;
    const asks = tested(requestPolicy(hook, `capabilities: ['sha256', 'glob', 'url_parse', 'counter'],`));
    expect((await asks.on(someCall).denies('H')).reason).toBe('ba7816bf true 81 0');
    await tested(requestPolicy(hook)).on(someCall).fails(`add capabilities: ['sha256'] to definePolicy`);
  });

  it('large bodies are read through the host', async () => {
    const reads = tested(
      requestPolicy(
        `(c) => deny('B', [c.body.form, c.body.get('/last'), c.body.read(0, 8)].join(' '))`,
        `capabilities: ['json_get', 'body_read'],`,
      ),
    );
    const large = request.post('https://api.example.com/').json({ filler: 'x'.repeat(70_000), last: 'end' });
    expect((await reads.on(large).denies('B')).reason).toBe('omitted end {"filler');
    const lean = tested(requestPolicy(`(c) => deny('B', String(c.body.get('/last')))`));
    expect((await lean.on(large).denies('B')).reason).toBe('undefined');
  });

  it('logs by the helper', async () => {
    const logs = tested(requestPolicy(`() => { log('ü seen'); log('odd', 'warn'); return allow(); }`));
    const { outcome } = await logs.answer(someCall);
    expect(outcome.logs).toEqual([
      { level: 'info', text: 'ü seen' },
      { level: 'warn', text: 'odd' },
    ]);
  });

  it('text of all lengths and letters arrives whole', async () => {
    const echo = tested(requestPolicy('(c) => deny("E", c.body.text ?? "")'));
    for (const text of ['a', 'ab', '1234567', '12345678', '123456789', 'ü—😀', 'x'.repeat(997)]) {
      expect((await echo.on(request.post('https://a.example/').text(text)).denies()).reason).toBe(text);
    }
  });
});

async function outcomeOf(source: string) {
  const one = policy(policyFile(source));
  opened.push(one);
  const { productionHost } = await import('../src/test/index.js');
  const host = await (await productionHost()).openPolicy((await one.build()).wasm);
  const { event, bodies } = someCall.build();
  const outcome = await host.decide('on_request', event, bodies);
  await host.close();
  return { outcome };
}
