import { type HttpToolFrame } from '@llama-orch/client';
import { refusal, type Route } from './support/contract-server.js';
import { always, cli, closeServerAfterEach, server, TASK_ID } from './support/cli-rig.js';

closeServerAfterEach();

const URL = 'https://example.com/notes';
const HTTP = 'POST /v1/tools/http';
const HEAD = {
  ...{ status: 200, headers: { 'content-type': 'text/plain' }, final_url: URL, decision_id: 'd-1' },
  policy: { id: 'allow-hosts', version: '1.0.0', decision: 'allow' },
};
const ANSWER = { ...HEAD, body: 'old pond', truncated: false, bytes: 8, audit_seq: 7, cached: false };
const answers = (body: object): Record<string, Route> => ({ [HTTP]: always({ status: 200, body }) });

describe('llama-orch tools fetch', () => {
  it('prints the body alone, and the facts beside it (ORCH-4705, OC-CLI-2501)', async () => {
    const { code, io } = await cli(['tools', 'fetch', URL], answers(ANSWER));
    expect([code, io.out]).toEqual([0, 'old pond']);
    expect(io.err).toBe(`200 text/plain, ${URL}\nallow by allow-hosts 1.0.0\n8 bytes, audit row 7\n`);
    expect(server.received[0]?.body).toEqual({ url: URL });
  });

  it('says when there was more, and when the answer was kept', async () => {
    const { io } = await cli(
      ['tools', 'fetch', URL],
      answers({ ...ANSWER, truncated: true, cached: true, policy: null }),
    );
    expect(io.err).toContain('8 bytes, and there was more, from the cache, audit row 7');
  });

  it('sends what its flags say', async () => {
    const flags = [
      '-X',
      'put',
      '-H',
      'X-A: b: c',
      '-H',
      'accept:text/*',
      '--data',
      '-',
      '--secret',
      'one',
      '--secret',
      'two',
    ];
    const more = ['--max-bytes', '10', '--timeout-ms', '20', '--task', TASK_ID, '--session', TASK_ID];
    await cli(['tools', 'fetch', URL, ...flags, ...more, '--accept', 'text/html'], answers(ANSWER), { stdin: 'piped' });
    expect(server.received[0]?.body).toEqual({
      ...{
        url: URL,
        method: 'PUT',
        headers: { 'X-A': 'b: c', accept: 'text/*' },
        body: 'piped',
        secrets: ['one', 'two'],
      },
      ...{ max_bytes: 10, timeout_ms: 20, task_id: TASK_ID, session_id: TASK_ID },
      allowed_mime_types: ['text/html'],
    });
  });

  it('posts JSON with its media type', async () => {
    await cli(['tools', 'fetch', URL, '--data-json', '{"a": 1}'], answers(ANSWER));
    const headers = { 'content-type': 'application/json' };
    expect(server.received[0]?.body).toEqual({ url: URL, method: 'POST', headers, body: '{"a":1}' });
  });

  it('spares a terminal what is no text, and gives a pipe every byte', async () => {
    const { body: _body, ...rest } = ANSWER;
    const binary = answers({ ...rest, body_base64: Buffer.from('bin').toString('base64') });
    const piped = await cli(['tools', 'fetch', URL], binary);
    expect(piped.io.out).toBe('bin');
    await server.close();
    const terminal = await cli(['tools', 'fetch', URL], binary, { isTty: true });
    expect(terminal.io.out).toBe('');
    expect(terminal.io.err).toContain('3 bytes that are no text');
  });

  it('prints one JSON document on request', async () => {
    const { io } = await cli(['tools', 'fetch', URL, '--json'], answers(ANSWER));
    expect(io.json).toMatchObject({ schema_version: 1, status: 200, body: 'old pond', audit_seq: 7 });
  });

  it('ends with 69 when the far side failed', async () => {
    const failed = { error: { kind: 'dns', message: 'example.com has no address' }, audit_seq: 8 };
    const { code, io } = await cli(['tools', 'fetch', URL], answers(failed));
    expect([code, io.out, io.err]).toEqual([69, '', 'error: example.com has no address (dns)\n']);
  });

  it('ends with 77 when a policy denies, and says who, by which rule and what would pass (OC-CLI-2503, OC-CLI-3002)', async () => {
    const denied = refusal('POLICY_DENIED', 403, {
      ...{ message: 'policy allow-hosts denies the call: example.com is not on the list', hint: 'use tickets' },
      ...{ policy: { id: 'allow-hosts', version: '1.0.0', reason: 'example.com is not on the list' } },
      ...{ policy_code: 'HOST_NOT_ALLOWED', decision_id: 'd-2' },
    });
    const { code, io } = await cli(['tools', 'fetch', URL], { [HTTP]: always(denied) });
    expect([code, io.out]).toEqual([77, '']);
    for (const words of [
      'denied by allow-hosts 1.0.0: example.com is not',
      'rule HOST_NOT_ALLOWED',
      'hint: use tickets',
      'decision d-2',
    ])
      expect(io.err).toContain(words);
    await server.close();
    const asJson = await cli(['tools', 'fetch', URL, '--json'], { [HTTP]: always(denied) });
    expect(asJson.io.json).toMatchObject({
      error: { exit_code: 77, policy_code: 'HOST_NOT_ALLOWED', decision_id: 'd-2' },
    });
  });

  const frames: HttpToolFrame[] = [
    { id: 1, event: 'head', data: HEAD },
    { id: 2, event: 'chunk', data: { text: 'old ' } },
    { id: 3, event: 'chunk', data: { base64: Buffer.from('pond').toString('base64') } },
    { id: 4, event: 'end', data: { bytes: 8, truncated: true, audit_seq: 9 } },
  ];
  const streams = (...all: readonly HttpToolFrame[]) => ({ [HTTP]: always({ status: 200, frames: all }) });

  it('prints an answer as it comes', async () => {
    const { code, io } = await cli(['tools', 'fetch', URL, '--stream'], streams(...frames));
    expect([code, io.out]).toEqual([0, 'old pond']);
    expect(io.err).toBe(
      `200 text/plain, ${URL}\nallow by allow-hosts 1.0.0\n8 bytes, and there was more, audit row 9\n`,
    );
    expect(server.received[0]?.body).toEqual({ url: URL, stream: true });
  });

  it('says so when a stream fails or breaks off half-way', async () => {
    const error: HttpToolFrame = {
      id: 3,
      event: 'error',
      data: { error: { kind: 'timeout', message: 'late' }, audit_seq: 9 },
    };
    const failed = await cli(['tools', 'fetch', URL, '--stream'], streams(...frames.slice(0, 2), error));
    expect([failed.code, failed.io.out]).toEqual([69, 'old ']);
    await server.close();
    const broken = await cli(['tools', 'fetch', URL, '--stream'], streams(...frames.slice(0, 2)));
    expect(broken.code).toBe(69);
    expect(broken.io.err).toContain('broke off');
  });

  it.each([
    ['--stream with --json', ['--stream', '--json'], 'leave out --json'],
    ['two bodies', ['--data', 'a', '--data-json', '{}'], 'either --data or --data-json'],
    ['a header without a colon', ['-H', 'accept'], 'Name: value'],
  ])('refuses %s', async (_what, flags, words) => {
    const { code, io } = await cli(['tools', 'fetch', URL, ...flags]);
    expect(code).toBe(2);
    expect(io.err).toContain(words);
  });
});

describe('llama-orch tools search', () => {
  const results = [{ title: 'Leases', url: 'https://example.com/leases', snippet: 'The right\n to one slot.' }];
  const finds = (body: object) => ({ 'POST /v1/tools/search': always({ status: 200, body }) });

  it('prints what was found (OC-POLICY-4030)', async () => {
    const { code, io } = await cli(['tools', 'search', 'what is a lease', '--limit', '3'], finds({ results }));
    expect([code, io.out]).toEqual([0, 'Leases\n  https://example.com/leases\n  The right to one slot.\n']);
    expect(server.received[0]?.body).toEqual({ query: 'what is a lease', limit: 3 });
  });

  it('prints one JSON document on request', async () => {
    const { io } = await cli(['tools', 'search', 'lease', '--json'], finds({ results }));
    expect(io.json).toMatchObject({ schema_version: 1, results });
  });

  it('says when nothing was found, and when the provider failed', async () => {
    expect((await cli(['tools', 'search', 'lease'], finds({ results: [] }))).io.err).toBe('nothing was found\n');
    await server.close();
    const failed = await cli(
      ['tools', 'search', 'lease'],
      finds({ error: { kind: 'provider', message: 'it is away' } }),
    );
    expect([failed.code, failed.io.err]).toEqual([69, 'error: it is away (provider)\n']);
  });
});
