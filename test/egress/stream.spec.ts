import { AttackPolicies } from '../../src/egress/attack/attack-policies.js';
import { type AttackRig, outboundCall } from '../../src/egress/attack/attack-rig.js';
import { Stage, told } from '../../src/egress/attack/scenario.js';
import { type OutboundCall } from '../../src/egress/egress.js';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { START, textOf } from './support/echo.js';

let stage: Stage;
beforeEach(() => (stage = new Stage()));
afterEach(() => stage.close());

describe('a stream', () => {
  const open = (rig: AttackRig, members: Partial<OutboundCall> = {}) =>
    rig.egress.stream(outboundCall({ url: START, ...members }), new AbortController().signal);
  /** Nobody decides about answers: they are passed on as they come. */
  const unjudged = () => ({ policies: new AttackPolicies(undefined, ['on_request']) });
  const FILE = { name: 'download', version: '1.0.0' } as const;

  it('passes on what comes, and tells in the end what it was (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web((_request, response) => {
      response.write('old ');
      setImmediate(() => response.end('pond'));
    }, unjudged());
    const { body, end, status } = await open(rig);
    expect([status, await textOf(body)]).toEqual([200, 'old pond']);
    expect(await end).toEqual({ bytes: 8, truncated: false, auditSeq: 2 });
  });

  it('is cut for agents and fails for files that are too large (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web((_request, response) => {
      response.write('x'.repeat(10));
      response.end();
    }, unjudged());
    const { body, end } = await open(rig, { maxBytes: 4 });
    expect(await textOf(body)).toBe('xxxx');
    expect(await end).toMatchObject({ bytes: 4, truncated: true });
    expect(told(await rig.call({ url: START, tool: FILE, maxBytes: 4 }))).toBe('failed: too_large');
  });

  it('that is left closes its connection and leaves its row (OC-POLICY-4032)', async () => {
    let closed = false;
    const { rig } = await stage.web((_request, response) => {
      response.on('close', () => (closed = true));
      response.write('x');
    }, unjudged());
    const { body, end } = await open(rig);
    for await (const _ of body) break;
    expect(await end).toMatchObject({ bytes: 1, auditSeq: 2 });
    await eventually(() => expect(closed).toBe(true));
  });

  it('that nobody begins to read ends at its deadline, and leaves its row (OC-POLICY-4031, OC-POLICY-4032)', async () => {
    let closed = false;
    const clock = new FakeClock();
    const { rig } = await stage.web(
      (_request, response) => {
        response.on('close', () => (closed = true));
        response.write('x');
      },
      { parts: { clock } },
    );
    const { end } = await open(rig, { timeoutMs: 100, tool: FILE });
    clock.leap(100);
    expect(await end).toEqual({ bytes: 0, truncated: false, auditSeq: 2 });
    await eventually(() => expect(closed).toBe(true));
    expect(rig.audit.entries[1]).toMatchObject({ action: 'download.response', decision: 'failed', code: 'TIMEOUT' });
    expect(rig.audit.records[1]).toMatchObject({ hook: 'on_response', decision: 'allow' });
  });

  it('that breaks off leaves what policies decided about its head (OC-POLICY-4032)', async () => {
    const { rig } = await stage.web((_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('x');
      setImmediate(() => response.destroy());
    });
    await expect(textOf((await open(rig, { tool: FILE })).body)).rejects.toMatchObject({ kind: 'protocol' });
    expect(rig.audit.entries[1]).toMatchObject({ decision: 'failed', code: 'PROTOCOL', plugin: 'attacker' });
    expect(rig.audit.records[1]).toMatchObject({ hook: 'on_response' });
  });

  it('has its body decided about and hidden like a plain answer, before anything is passed on (OC-POLICY-4031)', async () => {
    const redactions = [{ target: 'response', class: 'email', how: 'mask' }] as const;
    const judged: unknown[] = [];
    const { rig } = await stage.web(
      ({ url }, response) =>
        response
          .writeHead(200, { 'content-type': 'text/plain' })
          .end(url === '/long' ? 'too long' : 'to j@mail.example'),
      {
        policies: new AttackPolicies((event) => {
          if (event.kind !== 'http.response') return undefined;
          judged.push(event.response.body?.value);
          return event.response.body?.bytes === 8 ? { decision: 'deny', code: 'TOO_LONG' } : { redactions };
        }),
      },
    );
    const { body, end } = await open(rig);
    expect([await textOf(body), await end]).toEqual(['to ****mple', { bytes: 17, truncated: false, auditSeq: 2 }]);
    await expect(open(rig, { url: `${START}long` })).rejects.toMatchObject({ members: { policy_code: 'TOO_LONG' } });
    expect(judged).toEqual(['to j@mail.example', 'too long']);
    expect(rig.audit.records.slice(1)).toMatchObject([{ hook: 'on_response' }, {}, { decision: 'deny' }]);
  });

  it('is not passed on when a policy that was swapped in since wants parts of it hidden (OC-POLICY-4031)', async () => {
    const policies = new AttackPolicies(
      () => ({ redactions: [{ target: 'response', class: 'email', how: 'mask' }] }),
      ['on_request'],
    );
    policies.has = () => true;
    const { rig } = await stage.web((_request, response) => response.end('to j@mail.example'), { policies });
    await expect(open(rig)).rejects.toMatchObject({ members: { policy_code: 'REDACTION_FAILED' } });
  });

  it('of an agent has what the daemon knows taken out, of a file nothing (OC-CTRL-2041)', async () => {
    const redactor = new SecretRedactor({ secrets: ['configured-secret'], patterns: [], pii: false });
    const { rig } = await stage.web(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' }).write('configured-');
        setImmediate(() => response.end('secret'));
      },
      { parts: { redactor }, ...unjudged() },
    );
    expect(await textOf((await open(rig)).body)).toBe('[redacted]');
    expect(await textOf((await open(rig, { tool: FILE })).body)).toBe('configured-secret');
  });

  it('that breaks off says so (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web((_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('x');
      setImmediate(() => response.destroy());
    }, unjudged());
    const { body, end } = await open(rig);
    await expect(textOf(body)).rejects.toMatchObject({ name: 'EgressFailure', kind: 'protocol' });
    expect(await end).toMatchObject({ auditSeq: 2 });
  });
});
