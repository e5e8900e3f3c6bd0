import { type CallHttpTool } from '@llama-orch/client';
import { allOf } from '../../test/support/all-of.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { FakeEgress, outboundAnswer, TOOL_CALLER } from '../../test/support/fake-egress.js';
import { EgressFailure, type OutboundUsage } from '../egress/egress.js';
import { AppError } from '../kernel/errors.js';
import { AnswerCache } from './answer-cache.js';
import { HttpTool } from './http-tool.js';
import { SecretHosts } from './secret-hosts.js';
import { Secrets } from './secrets.js';
import { CallUsage } from './call-usage.js';
import { type ToolLimits } from './tool-limits.js';

const LIMITS: ToolLimits = {
  ...{ enabled: true, max_bytes: 1_000, timeout_ms: 5_000, allowed_mime_types: [], denied_mime_types: ['image/*'] },
};
const VALUE = 'planted-value-1234';
const { signal } = new AbortController();
const CALL: CallHttpTool = { url: 'https://a.example/x' };

function used(callsInTask: number, bytesOut: number, callsInSession = 0, bytesOutSession = 0): OutboundUsage {
  return { callsInTask, bytesOut, callsInSession, bytesOutSession };
}

function tool(egress = new FakeEgress(), limits: Partial<ToolLimits> = {}) {
  const rows: object[] = [];
  const audit = { append: (row: object) => Promise.resolve(rows.push(row)) };
  const settings = { env: 'KEY', header: 'authorization', prefix: '', hosts: ['a.example'] };
  const secrets = Secrets.read({ mine: settings }, { env: { KEY: VALUE }, baseFolder: '.', learn: () => undefined });
  const http = new HttpTool({
    limits: { ...LIMITS, ...limits },
    ...{ egress, secrets, usage: new CallUsage(), cache: new AnswerCache(new FakeClock(), 0) },
    secretHosts: new SecretHosts(audit, () => 'decision-2'),
  });
  return { http, egress, rows };
}

async function refusalOf(promise: Promise<unknown>): Promise<AppError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(AppError);
  return thrown as AppError;
}

describe('an HTTP tool call (ORCH-4705, OC-POLICY-4030)', () => {
  it('goes out with the defaults of the operator', async () => {
    const { http, egress } = tool();
    await http.call(CALL, TOOL_CALLER, signal);
    expect(egress.calls).toEqual([
      {
        tool: { name: 'http.fetch', version: '1.0.0' },
        ...{
          method: 'GET',
          url: CALL.url,
          headers: [],
          body: undefined,
          secretHeaders: [],
          usage: used(0, 0),
        },
        ...{ maxBytes: 1_000, timeoutMs: 5_000, allowedMimeTypes: [], deniedMimeTypes: ['image/*'] },
        caller: expect.objectContaining({ actor: 'local', tenant: 'default', labels: {} }),
      },
    ]);
  });

  it('answers what the far side said', async () => {
    const headers = [
      ['Content-Type', 'text/plain'],
      ['X-A', '1'],
      ['x-a', '2'],
    ] as const;
    const policy = { id: 'allow-hosts', version: '1.0.0', decision: 'allow' };
    const { http } = tool(new FakeEgress(() => outboundAnswer({ headers, policy, truncated: true, cached: true })));
    expect(await http.call(CALL, TOOL_CALLER, signal)).toEqual({
      ...{ status: 200, headers: { 'content-type': 'text/plain', 'x-a': '1, 2' }, body: 'old pond', truncated: true },
      ...{ bytes: 8, final_url: 'https://a.example/', policy, decision_id: 'decision-1', audit_seq: 7, cached: true },
    });
  });

  it('answers a failure of the far side without a status', async () => {
    const failure = new EgressFailure('tls', 'the certificate is for another name', 9);
    const { http } = tool(new FakeEgress(() => Promise.reject(failure)));
    const failed = { error: { kind: 'tls', message: 'the certificate is for another name' }, audit_seq: 9 };
    expect(await http.call(CALL, TOOL_CALLER, signal)).toEqual(failed);
    const frames = await allOf(await http.stream(CALL, TOOL_CALLER, signal));
    expect(frames).toEqual([{ event: 'error', data: failed }]);
  });

  it('is passed on in pieces that join to the body', async () => {
    const body = new TextEncoder().encode('früh');
    const { http } = tool(new FakeEgress(() => outboundAnswer({ body })));
    const frames = await allOf(await http.stream(CALL, TOOL_CALLER, signal));
    expect(frames.map(({ event }) => event)).toEqual(['head', 'chunk', 'chunk', 'chunk', 'end']);
    expect(frames.map(({ data }) => ('text' in data ? data.text : '')).join('')).toBe('früh');
    expect(frames.at(-1)?.data).toEqual({ bytes: 5, truncated: false, audit_seq: 7 });
  });

  it.each<readonly [string, Partial<CallHttpTool>, string, string]>([
    ['Host', { headers: { Host: 'b.example' } }, '/headers/Host', 'written by the daemon'],
    [
      'a hop-by-hop header',
      { headers: { 'transfer-encoding': 'chunked' } },
      '/headers/transfer-encoding',
      'written by',
    ],
    ['who it is forwarded for', { headers: { 'X-Forwarded-For': '::1' } }, '/headers/X-Forwarded-For', 'written by'],
    ['a header of proxies', { headers: { 'proxy-authorization': 'x' } }, '/headers/proxy-authorization', 'written by'],
    ['a name that is none', { headers: { 'a b/c': 'x' } }, '/headers/a b~1c', 'no name of a header'],
    ['a line break in a value', { headers: { 'x-a': 'b\r\nhost: c' } }, '/headers/x-a', 'no line breaks'],
    ['one header twice', { headers: { 'x-a': '1', 'X-A': '2' } }, '/headers/X-A', 'twice'],
    ['a body with GET', { body: 'x' }, '/body', 'not sent with GET'],
    ['a body with HEAD', { method: 'HEAD', body_base64: 'eA==' }, '/body_base64', 'not sent with HEAD'],
    ['two bodies', { method: 'POST', body: 'x', body_base64: 'eA==' }, '/body_base64', 'beside body'],
    ['Base64 that is none', { method: 'POST', body_base64: 'eA=' }, '/body_base64', 'must be Base64'],
    [
      'too long a body',
      { method: 'PUT', body_base64: Buffer.alloc(1_048_577).toString('base64') },
      '/body_base64',
      '1048576',
    ],
    ['more bytes than the operator reads', { max_bytes: 1_001 }, '/max_bytes', 'tools.max_bytes'],
    ['more time than the operator gives', { timeout_ms: 5_001 }, '/timeout_ms', 'tools.timeout_ms'],
    ['an unknown secret', { secrets: ['mien'] }, '/secrets/0', 'near names: mine'],
    ['the header of a secret', { secrets: ['mine'], headers: { Authorization: 'x' } }, '/secrets/0', 'leave one out'],
  ])('is refused with %s', async (_what, more, pointer, words) => {
    const { http, egress } = tool();
    const { code, members } = await refusalOf(http.call({ ...CALL, ...more }, TOOL_CALLER, signal));
    expect(code).toBe('INVALID_PARAMS');
    expect(members.errors).toEqual([{ pointer, message: expect.stringContaining(words) }]);
    expect(egress.calls).toEqual([]);
  });

  it('narrows the media types of the operator, and never widens them (OC-POLICY-4031)', async () => {
    const { http, egress } = tool(new FakeEgress(), { allowed_mime_types: ['text/*'] });
    await http.call({ ...CALL, allowed_mime_types: ['text/html', 'image/png'] }, TOOL_CALLER, signal);
    expect(egress.calls[0]?.allowedMimeTypes).toEqual(['text/html']);
    const { members } = await refusalOf(http.call({ ...CALL, allowed_mime_types: ['image/*'] }, TOOL_CALLER, signal));
    expect(members.errors?.[0]?.message).toContain('text/*');
  });

  it('takes secrets to their hosts', async () => {
    const { http, egress } = tool();
    await http.call({ url: 'https://A.Example./x', secrets: ['mine'] }, TOOL_CALLER, signal);
    expect(egress.calls[0]?.secretHeaders).toEqual([['authorization', VALUE]]);
  });

  it.each(['https://b.example/', 'https://a.example.b.example/', 'http://127.0.0.1\\@a.example/'])(
    'takes no secret to %s, and writes that down (OC-POLICY-4031, ORCH-4704)',
    async (url) => {
      const { http, egress, rows } = tool();
      const { status, code, members, message } = await refusalOf(
        http.call({ url, secrets: ['mine'] }, TOOL_CALLER, signal),
      );
      expect([status, code, members.policy_code, members.decision_id]).toEqual([
        403,
        'POLICY_DENIED',
        'SECRET_HOST',
        'decision-2',
      ]);
      expect(message).toContain('the secret mine may not be sent to');
      expect(egress.calls).toEqual([]);
      expect(rows).toEqual([
        expect.objectContaining({ decision: 'deny', code: 'SECRET_HOST', correlation_id: 'corr-1' }),
      ]);
      expect(JSON.stringify([members, message, rows])).not.toContain(VALUE);
    },
  );

  it('is not found when tools are off', async () => {
    const { http } = tool(new FakeEgress(), { enabled: false });
    const { code, message } = await refusalOf(http.call(CALL, TOOL_CALLER, signal));
    expect([code, message]).toEqual(['NOT_FOUND', expect.stringContaining('tools.enabled')]);
  });
});

describe('what a task and its session have used (OC-POLICY-4001)', () => {
  const post: CallHttpTool = { url: 'https://a.example/', method: 'POST', body: '12345' };
  const usages = (egress: FakeEgress): (OutboundUsage | undefined)[] => egress.calls.map(({ usage }) => usage);

  it('counts calls from their start, and bytes of bodies', async () => {
    const { http, egress } = tool();
    const caller = { ...TOOL_CALLER, task: { key: 'a/1' } };
    await Promise.all([http.call(post, caller, signal), http.call(post, caller, signal)]);
    await http.call(post, { ...caller, task: { key: 'a/2' } }, signal);
    expect(usages(egress)).toEqual([used(0, 0), used(1, 5), used(0, 0)]);
  });

  it('is summed over the tasks of a session, and over calls that name the session alone', async () => {
    const { http, egress } = tool();
    const [first, second] = [{ key: 'a/s1' }, { key: 'a/s2' }];
    await http.call(post, { ...TOOL_CALLER, session: first, task: { key: 'a/1' } }, signal);
    await http.call(post, { ...TOOL_CALLER, session: first, task: { key: 'a/2' } }, signal);
    await http.call(post, { ...TOOL_CALLER, session: first }, signal);
    await http.call(post, { ...TOOL_CALLER, session: second }, signal);
    expect(usages(egress)).toEqual([used(0, 0), used(0, 0, 1, 5), used(0, 0, 2, 10), used(0, 0)]);
  });

  it('does not count what was refused, and counts what failed at the far side', async () => {
    const outcomes = [new AppError('POLICY_DENIED', 'no'), new EgressFailure('dns', 'no', 1)];
    const egress = new FakeEgress(() => Promise.reject(outcomes.shift() ?? new EgressFailure('dns', 'no', 2)));
    const { http } = tool(egress);
    const caller = { ...TOOL_CALLER, task: { key: 'a/1' }, session: { key: 'a/s1' } };
    await refusalOf(http.call(post, caller, signal));
    await http.call(post, caller, signal);
    await http.call(post, caller, signal);
    expect(usages(egress)).toEqual([used(0, 0), used(0, 0), used(1, 5, 1, 5)]);
  });
});
