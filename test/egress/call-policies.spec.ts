import { type PolicyEvent, type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { AttackPolicies, movedTo } from '../../src/egress/attack/attack-policies.js';
import { outboundCall } from '../../src/egress/attack/attack-rig.js';
import { Stage, told } from '../../src/egress/attack/scenario.js';
import { START, answerOf, echo } from './support/echo.js';

const AWS_KEY = `AKIA${'Q3EGRW7ZLTMVX2PN'}`;

let stage: Stage;
beforeEach(() => (stage = new Stage()));
afterEach(() => stage.close());

describe('policies', () => {
  it('that deny stop a call, and say who, why and what would pass (OC-POLICY-4030)', async () => {
    const { rig, server } = await echo(stage, () => ({ decision: 'deny', code: 'HOST_NOT_ALLOWED' }));
    const outcome = await rig.call({ url: START });
    if (outcome.type !== 'refused') throw new Error(told(outcome));
    expect(outcome.error).toMatchObject({ code: 'POLICY_DENIED', status: 403 });
    expect(outcome.error.members).toMatchObject({
      policy: { id: 'attacker', version: '1.0.0', reason: 'HOST_NOT_ALLOWED' },
      policy_code: 'HOST_NOT_ALLOWED',
      decision_id: rig.audit.entries[0]!.decision_id,
    });
    expect([server.seen.length, rig.network.dialled.length]).toEqual([0, 0]);
  });

  it('refuse a call to a name that leads nowhere, as any other (OC-POLICY-4030, OC-POLICY-4031)', async () => {
    const verdict = (event: PolicyEvent) =>
      event.kind === 'http.request' && event.request.url.host === 'blocked.test'
        ? ({ decision: 'deny', code: 'HOST_NOT_ALLOWED' } as const)
        : undefined;
    const { rig } = await echo(stage, verdict);
    const outcome = await rig.call({ url: 'http://blocked.test/' });
    if (outcome.type !== 'refused') throw new Error(told(outcome));
    expect(outcome.error.members).toMatchObject({ policy_code: 'HOST_NOT_ALLOWED' });
    expect(rig.audit.entries.map(({ decision, code }) => [decision, code])).toEqual([['deny', 'HOST_NOT_ALLOWED']]);
    expect(told(await rig.call({ url: 'http://nowhere.test/' }))).toContain('dns');
  });

  it('can patch method, path, query, headers and body; what they leave masked is sent in clear (OC-POLICY-4031)', async () => {
    const { rig, server } = await echo(stage, (event) => {
      if (event.kind !== 'http.request') return undefined;
      const { request } = event;
      const url = { ...request.url, path: '/other', query: [...request.url.query, ['limit', '10'] as const] };
      const headers = [...request.headers.filter(([name]) => name !== 'x-drop'), ['x-env', 'test'] as const];
      const masked = (request.body!.value as { key: string }).key;
      const body = Buffer.from(JSON.stringify({ moved: masked }));
      return { decision: 'modify', body, event: { ...event, request: { ...request, method: 'PUT', url, headers } } };
    });
    const headers = [
      ['authorization', 'Bearer abcdefghijklmnop'],
      ['x-drop', '1'],
      ['content-type', 'application/json'],
    ] as const;
    const body = Buffer.from(JSON.stringify({ key: AWS_KEY }));
    await answerOf(rig, { url: `${START}?token=t0kent0ken`, method: 'POST', headers, body });
    expect(server.seen[0]).toMatchObject({
      method: 'PUT',
      url: '/other?token=t0kent0ken&limit=10',
      body: JSON.stringify({ moved: AWS_KEY }),
      headers: { authorization: 'Bearer abcdefghijklmnop', 'x-env': 'test' },
    });
    expect(server.seen[0]!.headers).not.toHaveProperty('x-drop');
  });

  it('that patch a body leave the rest of it as it was written, and masked numbers numbers (OC-POLICY-4031)', async () => {
    const written = '{"big":9007199254740993,"huge":1e400,"zero":-0,"password":12345678,"token":true,"drop":1}';
    const { rig, server } = await echo(stage, (event) => {
      if (event.kind !== 'http.request') return undefined;
      const { drop: _drop, ...rest } = event.request.body!.value as Record<string, unknown>;
      return { decision: 'modify', event: { ...event }, body: Buffer.from(JSON.stringify(rest)) };
    });
    const headers = [['content-type', 'application/json']] as const;
    await answerOf(rig, { method: 'POST', headers, body: Buffer.from(written) });
    expect(server.seen[0]!.body).toBe(written.replace(',"drop":1', ''));
  });

  it('that patch an object with a name twice have the call refused, or its answer withheld (OC-POLICY-4031)', async () => {
    const twice = '{"a":1,"a":2,"b":3}';
    const patchedAt = (kind: PolicyEvent['kind']) => (event: PolicyEvent) =>
      event.kind === kind
        ? ({ decision: 'modify', event: { ...event }, body: Buffer.from('{"a":2,"b":4}') } as const)
        : undefined;
    const headers = [['content-type', 'application/json']] as const;
    const { rig, server } = await echo(stage, patchedAt('http.request'));
    expect(told(await rig.call({ url: START, method: 'POST', headers, body: Buffer.from(twice) }))).toBe('refused');
    expect(server.seen).toHaveLength(0);
    expect(rig.audit.entries.at(-1)).toMatchObject({ decision: 'deny', code: 'BODY' });
    const { rig: answering } = await stage.web((_request, response) => response.end(twice), {
      policies: new AttackPolicies(patchedAt('http.response')),
    });
    expect(told(await answering.call({ url: START }))).toBe('refused');
    expect(answering.audit.entries.at(-1)).toMatchObject({ decision: 'deny', code: 'PATCH_FAILED' });
  });

  it.each(['GET', 'HEAD'])('that make a call a %s take its body away (OC-POLICY-4031)', async (method) => {
    const { rig, server } = await echo(stage, (event) =>
      event.kind === 'http.request'
        ? { decision: 'modify', event: { ...event, request: { ...event.request, method } } }
        : undefined,
    );
    const headers = [
      ['content-type', 'application/json'],
      ['content-language', 'en'],
      ['digest', 'sha-256=x'],
      ['x-kept', '1'],
    ] as const;
    await answerOf(rig, { method: 'POST', headers, body: Buffer.from('{"smuggled":1}') });
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method, body: '', headers: { 'x-kept': '1' } });
    expect(Object.keys(seen!.headers).filter((name) => /^content-|digest|transfer/.test(name))).toEqual([]);
  });

  it('that move a call have it judged from the top, once (ORCH-4703, OC-POLICY-4030)', async () => {
    const { rig } = await echo(stage, (event) =>
      event.kind === 'http.request' && event.request.url.host === 'start.test'
        ? { decision: 'modify', event: movedTo(event, { host: 'evil.org' }) }
        : undefined,
    );
    expect((await answerOf(rig)).finalUrl).toBe('http://evil.org/');
    expect(rig.audit.entries.map(({ target, decision }) => [target, decision])).toEqual([
      ['start.test', 'modify'],
      ['evil.org', 'allow'],
      ['evil.org', 'allow'],
    ]);
  });

  it.each([
    ['a header of the host', { headers: [['host', 'internal']] }],
    ['a control character', { headers: [['x', 'a\r\nb']] }],
    ['a method off the list', { method: 'CONNECT' }],
    ['a path with a query of its own', { url: { path: '/a?b' } }],
    ['a host that reads differently', { url: { host: 'example.com\\@evil.org' } }],
    ['an address inside', { url: { host: '127.0.0.1' } }],
  ])('cannot patch %s into a call (ORCH-4703)', async (_what, changes) => {
    const { rig, server } = await echo(stage, (event) => {
      const { request } = event as RequestEvent;
      const changed = { ...request, ...changes, url: { ...request.url, ...('url' in changes ? changes.url : {}) } };
      return { decision: 'modify', event: { ...event, request: changed } as PolicyEvent };
    });
    expect(told(await rig.call({ url: START }))).toBe('refused');
    expect(server.seen).toHaveLength(0);
  });

  it('have answers hidden before they are passed on (OC-POLICY-4031, OC-POLICY-SDK-4112)', async () => {
    const { rig } = await stage.web(
      (_request, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'x-user': 'j@mail.example' })
          .end('{"user":{"email":"j@mail.example","id":7}}'),
      {
        policies: new AttackPolicies((event) =>
          event.kind === 'http.response'
            ? {
                redactions: [
                  { target: 'response', class: 'email', how: 'hash' },
                  { target: 'response', pointer: '/user/id', how: 'drop' },
                ],
              }
            : undefined,
        ),
      },
    );
    const { body, headers } = await answerOf(rig);
    expect(Buffer.from(body).toString()).toMatch(/^\{"user":\{"email":"hmac:[0-9a-f]{32}"\}\}$/);
    expect(Object.fromEntries(headers)['x-user']).toMatch(/^hmac:/);
  });

  it('have answers withheld where something to hide cannot be found (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web(
      (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"user":{"id":'),
      {
        policies: new AttackPolicies(() => ({
          redactions: [{ target: 'response', pointer: '/user/id', how: 'drop' }],
        })),
      },
    );
    const outcome = await rig.call({ url: START });
    expect(outcome).toMatchObject({ type: 'refused', error: { members: { policy_code: 'REDACTION_FAILED' } } });
  });

  it('can hide parts of the record, which then says that it cannot be decided again (OC-POLICY-4032)', async () => {
    const redactions = [{ target: 'audit', pointer: '/request/body/value/card', how: 'mask' }] as const;
    const { rig } = await echo(stage, (event) => (event.kind === 'http.request' ? { redactions } : undefined));
    const headers = [['content-type', 'application/json']] as const;
    await answerOf(rig, { method: 'POST', headers, body: Buffer.from('{"card":"4111111111111111"}') });
    expect(JSON.stringify(rig.audit.records[0])).not.toContain('4111111111111111');
    expect(rig.audit.records[0]).toMatchObject({ not_replayable: 'a policy hides a part of the record' });
  });

  it('that answer no after the fact keep the answer from the caller (OC-POLICY-4030)', async () => {
    const { rig } = await echo(stage, (event) =>
      event.kind === 'http.response' ? { decision: 'deny', code: 'TOO_MUCH' } : undefined,
    );
    expect(told(await rig.call({ url: START }))).toBe('refused');
    expect(rig.audit.entries.map(({ action, decision }) => [action, decision])).toEqual([
      ['tool.request', 'allow'],
      ['tool.response', 'deny'],
    ]);
  });

  it('are needed for calls of agents in the profile production, and not for downloads (ORCH-4702)', async () => {
    class Nobody extends AttackPolicies {
      override readonly denyWithoutPolicy = true;

      override async decide(call: Parameters<AttackPolicies['decide']>[0]) {
        return { ...(await super.decide(call)), by: undefined, code: 'NO_POLICY' };
      }
    }
    const { rig } = await stage.web((_request, response) => response.end(), { policies: new Nobody() });
    expect(await rig.call({ url: START })).toMatchObject({ error: { members: { policy_code: 'NO_POLICY' } } });
    expect(told(await rig.call({ url: START, tool: { name: 'download', version: '1.0.0' } }))).toBe('answered 200');
  });
});

describe('rates', () => {
  it('are counted for each caller apart (OC-POLICY-4031)', async () => {
    const { rig } = await echo(stage, undefined, { parts: { ratePerS: 2 } });
    const call = async (actor: string) =>
      told(await rig.call({ url: START, caller: { ...outboundCall({ url: '' }).caller, actor } }));
    expect([await call('a'), await call('a'), await call('a'), await call('b')]).toEqual([
      'answered 200',
      'answered 200',
      'QUOTA_EXCEEDED',
      'answered 200',
    ]);
    expect(rig.audit.entries.filter(({ decision }) => decision === 'limit')).toHaveLength(1);
  });

  it('that policies declare are kept by the host, under their names (OC-POLICY-4031)', async () => {
    const limits = [{ key: 'host:start.test', rate: 1, perMs: 60_000, burst: 1, cost: 1 }];
    const { rig } = await echo(stage, (event) => (event.kind === 'http.request' ? { limits } : undefined));
    await answerOf(rig);
    const outcome = await rig.call({ url: START });
    expect(outcome).toMatchObject({
      error: { code: 'QUOTA_EXCEEDED', members: { limit: { name: 'host:start.test' } } },
    });
  });

  it('that policies declare are counted for each tenant apart, whatever their keys (OC-POLICY-4031)', async () => {
    const limits = [{ key: 'all', rate: 1, perMs: 60_000, burst: 1, cost: 1 }];
    const { rig } = await echo(stage, (event) => (event.kind === 'http.request' ? { limits } : undefined));
    const call = async (tenant: string) =>
      told(await rig.call({ url: START, caller: { ...outboundCall({ url: '' }).caller, tenant } }));
    expect([await call('a'), await call('a'), await call('b')]).toEqual([
      'answered 200',
      'QUOTA_EXCEEDED',
      'answered 200',
    ]);
  });

  it('that two policies declare under one key are two (OC-POLICY-4031)', async () => {
    const limit = { key: 'all', rate: 1, perMs: 60_000, burst: 2, cost: 1 };
    const { rig } = await echo(stage, (event) => (event.kind === 'http.request' ? { limits: [limit] } : undefined));
    rig.policies.alsoLimits('another', limit);
    const call = async () => told(await rig.call({ url: START }));
    expect([await call(), await call(), await call()]).toEqual(['answered 200', 'answered 200', 'QUOTA_EXCEEDED']);
  });
});
