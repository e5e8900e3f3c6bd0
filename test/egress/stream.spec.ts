import { AttackPolicies } from '../../src/egress/attack/attack-policies.js';
import { type AttackRig, outboundCall } from '../../src/egress/attack/attack-rig.js';
import { Stage, told } from '../../src/egress/attack/scenario.js';
import { type OutboundCall } from '../../src/egress/egress.js';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';
import { eventually } from '../support/eventually.js';
import { START, textOf } from './support/echo.js';

let stage: Stage;
beforeEach(() => (stage = new Stage()));
afterEach(() => stage.close());

describe('a stream', () => {
  const open = (rig: AttackRig, members: Partial<OutboundCall> = {}) =>
    rig.egress.stream(outboundCall({ url: START, ...members }), new AbortController().signal);

  it('passes on what comes, and tells in the end what it was (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web((_request, response) => {
      response.write('old ');
      setImmediate(() => response.end('pond'));
    });
    const { body, end, status } = await open(rig);
    expect([status, await textOf(body)]).toEqual([200, 'old pond']);
    expect(await end).toEqual({ bytes: 8, truncated: false, auditSeq: 2 });
  });

  it('is cut for agents and fails for files that are too large (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web((_request, response) => {
      response.write('x'.repeat(10));
      response.end();
    });
    const { body, end } = await open(rig, { maxBytes: 4 });
    expect(await textOf(body)).toBe('xxxx');
    expect(await end).toMatchObject({ bytes: 4, truncated: true });
    const tool = { name: 'download', version: '1.0.0' } as const;
    expect(told(await rig.call({ url: START, tool, maxBytes: 4 }))).toBe('failed: too_large');
  });

  it('that is left closes its connection and leaves its row (OC-POLICY-4032)', async () => {
    let closed = false;
    const { rig } = await stage.web((_request, response) => {
      response.on('close', () => (closed = true));
      response.write('x');
    });
    const { body, end } = await open(rig);
    for await (const _ of body) break;
    expect(await end).toMatchObject({ bytes: 1, auditSeq: 2 });
    await eventually(() => expect(closed).toBe(true));
  });

  it('that nobody begins to read ends at its deadline (OC-POLICY-4031)', async () => {
    let closed = false;
    const { rig } = await stage.web((_request, response) => {
      response.on('close', () => (closed = true));
      response.write('x');
    });
    const { end } = await open(rig, { timeoutMs: 100 });
    await end;
    await eventually(() => expect(closed).toBe(true));
  });

  it('hides what policies want hidden, before anything of the body is passed on (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web(
      (_request, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('to j@mail.example'),
      {
        policies: new AttackPolicies(() => ({ redactions: [{ target: 'response', class: 'email', how: 'mask' }] })),
      },
    );
    const { body } = await open(rig);
    expect(await textOf(body)).toBe('to ****mple');
  });

  it('of an agent has what the daemon knows taken out, of a file nothing (OC-CTRL-2041)', async () => {
    const redactor = new SecretRedactor({ secrets: ['configured-secret'], patterns: [], pii: false });
    const { rig } = await stage.web(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' }).write('configured-');
        setImmediate(() => response.end('secret'));
      },
      { parts: { redactor } },
    );
    expect(await textOf((await open(rig)).body)).toBe('[redacted]');
    expect(await textOf((await open(rig, { tool: { name: 'download', version: '1.0.0' } })).body)).toBe(
      'configured-secret',
    );
  });

  it('that breaks off says so (OC-POLICY-4031)', async () => {
    const { rig } = await stage.web((_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('x');
      setImmediate(() => response.destroy());
    });
    const { body, end } = await open(rig);
    await expect(textOf(body)).rejects.toMatchObject({ name: 'EgressFailure', kind: 'protocol' });
    expect(await end).toMatchObject({ auditSeq: 2 });
  });
});
