import { gzipSync } from 'node:zlib';
import { type EventBody, type PolicyEvent, type RequestEvent, type ResponseEvent } from '@llama-orch/policy-sdk/abi';
import { AttackPolicies } from '../../src/egress/attack/attack-policies.js';
import { Stage } from '../../src/egress/attack/scenario.js';
import { answerOf, echo } from './support/echo.js';

const AWS_KEY = `AKIA${'Q3EGRW7ZLTMVX2PN'}`;
const JSON_TYPE = [['content-type', 'application/json']] as const;
const LARGE = JSON.stringify({ key: AWS_KEY, filler: 'x'.repeat(64 * 1024) });
const DENSE = JSON.stringify({ key: AWS_KEY, filler: Array.from({ length: 20_000 }, () => 1) });

let stage: Stage;
beforeEach(() => (stage = new Stage()));
afterEach(() => stage.close());

const send = (body: Uint8Array | string) => ({ method: 'POST', headers: JSON_TYPE, body: Buffer.from(body) });
const bodyOf = (event: PolicyEvent | undefined): EventBody => (event as RequestEvent).request.body!;
const classesOf = (event: PolicyEvent | undefined) =>
  (event as RequestEvent).request.findings.map(({ class: name, at }) => [name, at]);

describe('a body', () => {
  it.each([
    ['over 64 KiB', Buffer.from(LARGE)],
    ['of no text', Buffer.from([0, ...Buffer.from(AWS_KEY)])],
    ['in an encoding that is not read', Buffer.from(`\ufeff${AWS_KEY}`, 'utf16le')],
  ])('%s is facts, a finding that says so, and nothing to read (OC-POLICY-4031)', async (_what, body) => {
    const { rig, server, events, handed } = await echo(stage);
    await answerOf(rig, send(body));
    expect(bodyOf(events[0])).toMatchObject({ bytes: body.length, form: 'omitted', value: null });
    expect(classesOf(events[0])).toEqual([['unscanned', '/body']]);
    expect(handed.slice(0, 1).join()).not.toContain(AWS_KEY);
    expect(server.seen[0]?.body).toBe(body.toString());
    expect(JSON.stringify(rig.audit.records[0])).not.toContain(AWS_KEY);
  });

  it('of many values comes without them, and its parts are read through the handle, masked (OC-POLICY-4031)', async () => {
    const { rig, server, events, handed } = await echo(stage);
    await answerOf(rig, send(DENSE));
    expect(bodyOf(events[0])).toMatchObject({ form: 'omitted', value: null });
    expect(classesOf(events[0])).toEqual([['secret.aws_key', '/body/key']]);
    expect(JSON.parse(handed[0]!)).toMatchObject({ key: expect.stringMatching(/^<secret:aws_key /) });
    expect(server.seen[0]?.body).toBe(DENSE);
  });

  it('over 64 KiB is read in clear where the operator lets policies see secrets (OC-POLICY-4031)', async () => {
    const { rig, events, handed } = await echo(stage);
    rig.policies.manifestOf = () => ({ capabilities: ['raw-secrets'] }) as never;
    await answerOf(rig, send(LARGE));
    expect([bodyOf(events[0]).form, handed[0]]).toEqual(['omitted', LARGE]);
    expect(rig.audit.records[0]).toMatchObject({ not_replayable: expect.stringContaining('raw-secrets') });
  });

  it('is not looked into when nobody is asked about requests (OC-POLICY-4031)', async () => {
    const events: PolicyEvent[] = [];
    const policies = new AttackPolicies((event) => void events.push(event), ['on_response']);
    const { rig } = await stage.web((_request, response) => response.end('{}'), { policies });
    await answerOf(rig, send('{"a":1}'));
    expect(bodyOf(events[0])).toMatchObject({ form: 'omitted', bytes: 7 });
    expect((events[1] as ResponseEvent).response.body).toMatchObject({ form: 'json', value: {} });
  });
});

describe('the size of an answer', () => {
  it('as it was announced and encoded is told to policies, and not to callers (OC-POLICY-4031)', async () => {
    const zipped = gzipSync('old pond');
    const seen: PolicyEvent[] = [];
    const policies = new AttackPolicies((event) => void seen.push(event));
    const { rig } = await stage.web(
      (_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': zipped.length }).end(zipped),
      { policies },
    );
    const { headers } = await answerOf(rig);
    const told = Object.fromEntries((seen[1] as ResponseEvent).response.headers);
    expect(told).toMatchObject({ 'content-encoding': 'gzip', 'content-length': String(zipped.length) });
    expect(headers.map(([name]) => name)).not.toEqual(expect.arrayContaining(['content-length']));
    expect(headers.map(([name]) => name)).not.toEqual(expect.arrayContaining(['content-encoding']));
  });
});

describe('a query', () => {
  it('of more than 256 parameters is refused, in redirects too (OC-POLICY-4031)', async () => {
    const long = `?${'a&'.repeat(257)}`;
    const { rig, server } = await stage.web((_request, response) =>
      response.writeHead(302, { location: `/${long}` }).end(),
    );
    const codes = async (url: string) => {
      await rig.call({ url });
      return rig.audit.entries.at(-1)?.code;
    };
    expect(await codes(`http://start.test/${long}`)).toBe('URL_TOO_LONG');
    expect(server.seen).toHaveLength(0);
    expect(await codes('http://start.test/')).toBe('URL_TOO_LONG');
    expect(server.seen).toHaveLength(1);
  });
});
