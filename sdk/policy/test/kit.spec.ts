import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allow, definePolicy, deny, s } from '../src/index.js';
import {
  admission,
  forEveryRequest,
  mutate,
  policy,
  type PolicyHost,
  policyTests,
  productionHost,
  readCases,
  request,
  response,
  runCase,
} from '../src/test/index.js';
import { policyFile, removePolicyFiles } from './policy-file.js';

const SOURCE = `
  import { allow, definePolicy, deny, limit, modify, patch, redact, s } from '@llama-orch/policy-sdk';
  export default definePolicy({
    name: 'acme',
    version: '1.0.0',
    config: s.object({ hosts: s.array(s.host()).default(['example.com']), max: s.integer().default(2) }),
    request: (c) => {
      if (!c.url.host.isOneOf(c.config.hosts)) return deny('HOST_NOT_ALLOWED', 'no');
      if (c.usage.callsInTask >= c.config.max) return limit({ key: 'task', rate: 1, perMs: 1000 });
      return c.headers.has('cookie') ? modify(patch.removeHeader('cookie')) : allow();
    },
    response: (c) => redact.class('secret.*').and(redact.pointer('/user/email')),
    admission: (c) => (c.admission.maxTokens > 1000 ? deny('TOO_LONG', 'no') : allow()),
    tests: [{ name: 'its own', hook: 'on_request', event: {}, expect: { decision: 'allow' } }],
  });
`;
const CASES = [
  {
    name: 'a listed host',
    hook: 'on_request',
    event: { request: { url: 'https://example.com/x' } },
    expect: { decision: 'allow' },
  },
  {
    name: 'another host',
    hook: 'on_request',
    event: { request: { url: 'https://evil.example/' } },
    expect: { decision: 'deny', code: 'HOST_NOT_ALLOWED' },
  },
  {
    name: 'many calls',
    hook: 'on_request',
    event: { usage: { callsInTask: 1 } },
    config: { max: 1 },
    expect: { decision: 'limit' },
  },
  {
    name: 'a long task',
    hook: 'on_admission',
    event: { admission: { maxTokens: 1001 } },
    expect: { decision: 'deny' },
  },
] as const;

const file = policyFile(SOURCE);
const acme = policy(file);

afterAll(async () => {
  await acme.close();
  removePolicyFiles();
});

describe('the fluent form', () => {
  it('asks about calls, answers and tasks', async () => {
    await acme.on(request.post('https://evil.example/').json({ a: 1 })).denies('HOST_NOT_ALLOWED');
    await acme
      .on(request.get('https://a.example/'))
      .withConfig({ hosts: ['*.example'] })
      .allows();
    await acme
      .on(request.get('https://example.com/').usage({ callsInTask: 2 }))
      .limits({ key: 'task', rate: 1, perMs: 1000, burst: 1, cost: 1 });
    await acme
      .on(request.get('https://example.com/').headers({ Cookie: 'a=1' }))
      .modifies({ op: 'removeHeader', name: 'cookie' });
    await acme.on(response(200).json({ user: { email: 'x' } })).redacts('/user/email');
    await acme.on(admission({ maxTokens: 5000 })).denies('TOO_LONG');
  });

  it('says what it got instead', async () => {
    const listed = acme.on(request.get('https://example.com/'));
    await expect(listed.denies('NO')).rejects.toThrow(
      'decision is "allow", expected "deny"; the decision is {"decision":"allow"}',
    );
    await expect(listed.redacts('/a')).rejects.toThrow('no redaction of "/a" in []');
    await expect(listed.fails()).rejects.toThrow('expected the policy to throw; it decided {"decision":"allow"}');
  });

  it('needs to know the file of a policy, and a policy in the file', async () => {
    const mine = definePolicy({ name: 'mine', version: '1.0.0', request: () => allow() });
    expect(() => policy(mine)).toThrow('say where the source is');
    const none = policy(policyFile('export default 1;'));
    await expect(none.policy()).rejects.toThrow('has no policy as its default export');
  });

  it('refuses URLs that no host would ask about', () => {
    expect(() => request.get('ftp://example.com').build()).toThrow('is no URL of http or https');
  });
});

describe('asking twice', () => {
  it('fails when TypeScript and WASM differ, and names the place', async () => {
    const other = definePolicy({
      name: 'acme',
      version: '1.0.0',
      config: s.object({ hosts: s.array(s.host()).default([]), max: s.integer().default(2) }),
      request: () => deny('HOST_NOT_ALLOWED', 'another reason'),
    });
    const mixed = policy(other, { entry: file });
    await expect(mixed.on(request.get('https://evil.example/')).denies()).rejects.toThrow(
      /acme answers differently as TypeScript and as WASM\. At \/reason: TypeScript answered .*"another reason".*, WASM .*"no"/,
    );
    await mixed.close();
  });

  it('fails when the one throws and the other does not', async () => {
    const throwing = definePolicy({ name: 'acme', version: '1.0.0', request: () => JSON.parse('{') as never });
    const mixed = policy(throwing, { entry: file });
    await expect(mixed.on(request.get('https://evil.example/')).denies()).rejects.toThrow(
      /TypeScript threw: .*; WASM answered/,
    );
    await mixed.close();
  });

  it('asks the host that it is given', async () => {
    const asked: string[] = [];
    const real = await productionHost();
    const host: PolicyHost = {
      openPolicy: async (wasm, options) => {
        asked.push(`${wasm.length > 0}`);
        return real.openPolicy(wasm, options);
      },
    };
    const given = policy(new URL(`file://${file}`), { host });
    await given.on(request.get('https://example.com/')).allows();
    await given.close();
    expect(asked).toEqual(['true']);
  });
});

describe('tables of cases', () => {
  it('are read with their mistakes named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'llama-orch-cases-'));
    const read = (value: unknown) => {
      writeFileSync(join(folder, 'cases.json'), JSON.stringify(value));
      return readCases(join(folder, 'cases.json'));
    };
    expect(read(CASES)).toEqual(CASES);
    expect(() => read({})).toThrow('cases.json: is not a list of cases');
    expect(() => read([{ hook: 'on_request' }])).toThrow('case 1 has no name');
    expect(() => read([CASES[0], { ...CASES[1], hook: 'request' }])).toThrow(
      'case 2 (another host) has the hook request',
    );
    expect(() => read([{ name: 'a', hook: 'on_request' }])).toThrow('case 1 (a) needs an event and what is expected');
    rmSync(folder, { recursive: true });
  });

  it('fail with what is not as expected', async () => {
    await expect(runCase(acme, { ...CASES[0], expect: { decision: 'deny' } })).rejects.toThrow(
      'decision is "allow", expected "deny"',
    );
  });

  policyTests(policy(file), CASES);
});

describe('properties', () => {
  it('hold for calls of all kinds', async () => {
    await forEveryRequest(acme, (decision, { host }) => (host === 'example.com') === (decision?.decision !== 'deny'), {
      runs: 40,
    });
  });

  it('show the seed and the call for which they do not hold', async () => {
    const failing = () => forEveryRequest(acme, (decision) => decision?.decision === 'deny', { runs: 40, seed: 7 });
    const message = await failing().catch((error: Error) => error.message);
    expect(message).toMatch(/^seed 7, run \d+: [A-Z]+ https?:\/\/example\.com.* was answered with/);
    expect(await failing().catch((error: Error) => error.message)).toBe(message);
  });
});

describe('mutate', () => {
  it('shows mistakes that no case notices, and none that one does', async () => {
    const { mutants, survived } = await mutate(acme, CASES);
    expect(mutants).toBeGreaterThan(8);
    expect(survived.map(({ became }) => became)).toEqual([
      expect.stringContaining('has("cookie") && false ?'),
      expect.stringContaining('maxTokens > 1e3 || true ?'),
      expect.stringContaining('"no") : (() => ({ decision: "deny", code: "MUTANT"'),
    ]);
  });

  it('has nothing left to show when the cases are enough', async () => {
    const more = [
      {
        name: 'a cookie',
        hook: 'on_request',
        event: { request: { headers: { cookie: 'a' } } },
        expect: { decision: 'modify' },
      },
      {
        name: 'a short task',
        hook: 'on_admission',
        event: { admission: { maxTokens: 10 } },
        expect: { decision: 'allow' },
      },
    ] as const;
    expect((await mutate(acme, [...CASES, ...more])).survived).toEqual([]);
  });

  it('refuses cases that fail without any mistake', async () => {
    await expect(mutate(acme, [{ ...CASES[0], expect: { decision: 'deny' } }])).rejects.toThrow(
      '"a listed host" fails without any mistake',
    );
  });
});
