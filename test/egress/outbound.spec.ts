import { type RequestEvent, type ResponseEvent } from '@llama-orch/policy-sdk/abi';
import { gzipSync } from 'node:zlib';
import { outboundCall } from '../../src/egress/attack/attack-rig.js';
import { AttackServer, CertificateAuthority } from '../../src/egress/attack/attack-server.js';
import { Stage, told } from '../../src/egress/attack/scenario.js';
import { type OutboundCall } from '../../src/egress/egress.js';
import { eventually } from '../support/eventually.js';
import { START, answerOf, echo } from './support/echo.js';

let stage: Stage;
beforeEach(() => (stage = new Stage()));
afterEach(() => stage.close());

describe('a call', () => {
  it('is asked about with its parts, addresses and body, before it is sent (ORCH-4703, OC-POLICY-4001)', async () => {
    const { rig, server, events } = await echo(stage);
    const body = Buffer.from('{"a":1}');
    const headers = [['Content-Type', 'application/json']] as const;
    const answer = await answerOf(rig, { url: `${START}v1/x?q=1`, method: 'POST', headers, body });
    expect(answer).toMatchObject({
      status: 200,
      truncated: false,
      finalUrl: 'http://start.test/v1/x?q=1',
      policy: { id: 'attacker' },
    });
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      url: '/v1/x?q=1',
      body: '{"a":1}',
      headers: { host: 'start.test' },
    });
    const { request } = events[0] as RequestEvent;
    expect(request).toMatchObject({
      method: 'POST',
      url: { scheme: 'http', host: 'start.test', port: 80, path: '/v1/x', query: [['q', '1']] },
      addresses: [{ ip: '127.0.77.1', family: 4, class: 'public' }],
      hop: 0,
      redirectedFrom: null,
      body: { bytes: 7, form: 'json', value: { a: 1 }, contentType: 'application/json' },
    });
    expect((events[1] as ResponseEvent).response).toMatchObject({ status: 200, address: { ip: '127.0.77.1' } });
  });

  it('leaves a row before it goes out and one after, with what it was decided from (OC-POLICY-4020, OC-POLICY-4032)', async () => {
    const { rig } = await echo(stage);
    const { auditSeq, decisionId } = await answerOf(rig);
    expect(rig.audit.entries.map(({ action, decision, target }) => [action, decision, target])).toEqual([
      ['tool.request', 'allow', 'start.test'],
      ['tool.response', 'allow', 'start.test'],
    ]);
    expect(rig.audit.entries.every((entry) => entry.decision_id === decisionId && entry.digest === 'sha256:0')).toBe(
      true,
    );
    expect(auditSeq).toBe(2);
    expect(rig.audit.records.map((record) => record?.hook)).toEqual(['on_request', 'on_response']);
    expect(rig.audit.records[0]).toMatchObject({ kind: 'policy', not_replayable: null });
  });

  it('uses a connection again while nothing changes (ORCH-4703)', async () => {
    const { rig, server } = await echo(stage);
    for (let calls = 0; calls < 3; calls += 1) {
      await answerOf(rig);
      await new Promise(setImmediate);
    }
    expect(rig.network.dialled).toHaveLength(1);
    expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(1);
  });

  it('of the head of an encoded answer has no body to decode (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(),
    );
    expect((await answerOf(rig, { method: 'HEAD' })).body).toHaveLength(0);
  });

  it('gives bodies in clear, without the headers that spoke of their encoding (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('old pond')),
    );
    const { body, headers } = await answerOf(rig);
    expect(Buffer.from(body).toString()).toBe('old pond');
    expect(headers.map(([name]) => name)).not.toContain('content-encoding');
  });

  it('that the caller leaves ends, with a row that says so (OC-POLICY-4032)', async () => {
    const { rig, server } = await stage.web(() => {});
    const leaving = new AbortController();
    const sent = rig.egress.send(outboundCall({ url: START }), leaving.signal);
    await eventually(() => expect(server.seen).toHaveLength(1));
    leaving.abort(new Error('left'));
    await expect(sent).rejects.toThrow('left');
    expect(rig.audit.entries.at(-1)).toMatchObject({ action: 'tool.response', decision: 'failed', code: 'CANCELLED' });
  });

  it('goes over TLS to who has the name, vouched for by a root of the configuration (ORCH-4703)', async () => {
    const ca = new CertificateAuthority();
    const server = await stage.serve(
      AttackServer.https((_request, response) => response.end('safe'), ca, 'start.test'),
    );
    const rig = stage.rig({ ports: { 443: server.port }, trusted: [ca.certificate] });
    expect(Buffer.from((await answerOf(rig, { url: 'https://start.test/' })).body).toString()).toBe('safe');
    expect(told(await rig.call({ url: 'https://127.0.77.1/' }))).toBe('failed: tls');
  });

  it('goes over TLS to an address whose certificate names it (ORCH-4703)', async () => {
    const ca = new CertificateAuthority();
    const server = await stage.serve(AttackServer.https((_request, response) => response.end(), ca, '127.0.77.1'));
    const rig = stage.rig({ ports: { 443: server.port }, trusted: [ca.certificate] });
    expect(told(await rig.call({ url: 'https://127.0.77.1/' }))).toBe('answered 200');
  });
});

describe('media types', () => {
  it.each([
    ['text/html; charset=utf-8', { allowedMimeTypes: ['application/json'] }, 'refused'],
    ['text/html', { allowedMimeTypes: ['text/*'] }, 'answered 200'],
    ['Text/HTML', { deniedMimeTypes: ['text/html'] }, 'refused'],
    ['application/json', { allowedMimeTypes: ['application/*'], deniedMimeTypes: ['application/json'] }, 'refused'],
    ['', { allowedMimeTypes: ['text/*'] }, 'refused'],
  ])('%j under %j: %s (ORCH-3080)', async (type, rules, expected) => {
    const { rig } = await stage.web((_request, response) =>
      response.writeHead(200, type === '' ? {} : { 'content-type': type }).end('x'),
    );
    expect(told(await rig.call({ url: START, ...rules }))).toBe(expected);
  });
});

describe('answers that were kept', () => {
  it('stand in for a dial and are judged like any other (OC-POLICY-4033)', async () => {
    const { rig, server, events } = await echo(stage);
    const kept = new Map<string, Parameters<NonNullable<OutboundCall['kept']>['keep']>[1]>();
    const store: OutboundCall['kept'] = {
      find: ({ url }) => kept.get(url),
      keep: ({ url }, answer) => void kept.set(url, answer),
    };
    const first = await answerOf(rig, { kept: store });
    const second = await answerOf(rig, { kept: store });
    expect([first.cached, second.cached, server.seen.length]).toEqual([false, true, 1]);
    expect(Buffer.from(second.body).equals(Buffer.from(first.body))).toBe(true);
    expect(events.map(({ kind }) => kind)).toEqual(['http.request', 'http.response', 'http.request', 'http.response']);
  });
});

describe('a redirect', () => {
  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [302, 'PUT', 'PUT', 'x'],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'x'],
    [308, 'PATCH', 'PATCH', 'x'],
  ])('%i makes %s a %s with the body %j (ORCH-4703)', async (status, method, then, body) => {
    const { rig, server } = await stage.web((request, response) =>
      request.url === '/' ? response.writeHead(status, { location: '/next' }).end() : response.end(),
    );
    const { finalUrl } = await answerOf(rig, {
      method,
      body: Buffer.from('x'),
      headers: [
        ['content-type', 'text/plain'],
        ['x-mine', '1'],
      ],
    });
    expect(server.seen[1]).toMatchObject({ method: then, url: '/next', body, headers: { 'x-mine': '1' } });
    expect(server.seen[1]!.headers['content-type']).toBe(body === '' ? undefined : 'text/plain');
    expect(finalUrl).toBe('http://start.test/next');
  });

  it('is answered as it is when the call does not follow (ORCH-4703)', async () => {
    const { rig } = await stage.web((_request, response) => response.writeHead(302, { location: '/next' }).end());
    expect(await answerOf(rig, { followRedirects: false })).toMatchObject({
      status: 302,
      headers: expect.arrayContaining([['location', '/next']]),
    });
  });

  it('from http to https on their own ports is followed (ORCH-4703)', async () => {
    const ca = new CertificateAuthority();
    const secure = await stage.serve(
      AttackServer.https((_request, response) => response.end('safe'), ca, 'start.test'),
    );
    const { rig } = await stage.web(
      (_request, response) => response.writeHead(301, { location: 'https://start.test/' }).end(),
      {
        ports: { 443: secure.port },
        trusted: [ca.certificate],
      },
    );
    expect((await answerOf(rig)).finalUrl).toBe('https://start.test/');
  });
});

describe('headers of an answer that can only be one', () => {
  const answering = async (...headers: string[]) => {
    const lines = ['HTTP/1.1 200 OK', ...headers, 'connection: close', '', 'ab'];
    const server = await stage.serve(
      AttackServer.raw((socket) => void socket.once('data', () => socket.end(lines.join('\r\n')))),
    );
    return stage.rig({ ports: { 80: server.port } });
  };

  it.each([
    [['content-type: text/html', 'content-type: application/json']],
    [['content-type: text/plain', 'Content-Type: text/plain; charset=utf-16']],
    [['content-encoding: identity', 'content-encoding: gzip']],
    [['content-encoding: identity', 'content-encoding: identity']],
    [['content-length: 2', 'content-length: 1']],
    [['location: http://start.test/a', 'location: http://start.test/b']],
  ])('say one thing, or the answer is none: %j (OC-POLICY-4031)', async (headers) => {
    const rig = await answering(...headers);
    expect(told(await rig.call({ url: START }))).toBe('failed: protocol');
  });

  it('are one where they say the same twice (OC-POLICY-4031)', async () => {
    const rig = await answering('content-type: text/plain', 'Content-Type:  text/plain', 'x-a: 1', 'x-a: 2');
    const { headers } = await answerOf(rig);
    expect(headers.map(([name]) => name)).toEqual(['content-type', 'x-a', 'x-a']);
  });

  it('name one media type, or each of them has to be allowed (OC-POLICY-4031)', async () => {
    const rig = await answering('content-type: text/html, application/json');
    expect(told(await rig.call({ url: START, deniedMimeTypes: ['application/json'] }))).toBe('refused');
    expect(told(await rig.call({ url: START, allowedMimeTypes: ['text/html'] }))).toBe('refused');
    expect(told(await rig.call({ url: START, allowedMimeTypes: ['text/*', 'application/*'] }))).toBe('answered 200');
  });
});
