import { type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { movedTo } from '../../src/egress/attack/attack-policies.js';
import { Stage } from '../../src/egress/attack/scenario.js';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { START, answerOf, echo } from './support/echo.js';

const AWS_KEY = `AKIA${'Q3EGRW7ZLTMVX2PN'}`;

let stage: Stage;
beforeEach(() => (stage = new Stage()));
afterEach(() => stage.close());

describe('secrets of a call', () => {
  it('are masked before policies are asked, and sent as they are (OC-CTRL-2041, OC-POLICY-4031)', async () => {
    const { rig, server, events, handed } = await echo(stage);
    const body = JSON.stringify({ key: AWS_KEY, password: 'hunter2hunter2', plain: 'x' });
    const headers = [
      ['authorization', 'Bearer abcdefghijklmnop'],
      ['content-type', 'application/json'],
    ] as const;
    await answerOf(rig, { url: `${START}?token=t0kent0ken`, method: 'POST', headers, body: Buffer.from(body) });
    const shown = JSON.stringify(events[0]) + handed[0];
    for (const secret of [AWS_KEY, 'hunter2hunter2', 'abcdefghijklmnop', 't0kent0ken'])
      expect(shown).not.toContain(secret);
    expect(shown).toMatch(/<secret:bearer sha256:[0-9a-f]{16}>/);
    expect((events[0] as RequestEvent).request.findings.map((finding) => [finding.class, finding.at])).toEqual([
      ['secret.aws_key', '/body/key'],
      ['secret.named', '/body/password'],
      ['secret.query', '/url/query/token'],
      ['secret.bearer', '/headers/authorization'],
    ]);
    expect(server.seen[0]).toMatchObject({
      url: '/?token=t0kent0ken',
      body,
      headers: { authorization: headers[0][1] },
    });
  });

  it('stand in no row, record or log line (OC-CTRL-2041)', async () => {
    const logger = new QuietLogger();
    const { rig } = await echo(stage, undefined, { parts: { logger } });
    const secretHeaders = [['x-service-key', 'service-secret-1']] as const;
    await answerOf(rig, {
      url: `${START}${AWS_KEY}?api_key=planted-secret`,
      headers: [['cookie', 'c=planted-cookie']],
      secretHeaders,
    });
    const written = JSON.stringify([rig.audit.entries, rig.audit.records, logger.lines]);
    expect(written).toContain('start.test');
    for (const secret of ['service-secret-1', 'planted-secret', 'planted-cookie', AWS_KEY])
      expect(written).not.toContain(secret);
  });

  it('that the host adds come back to nobody, not even in what the far side repeats (OC-CTRL-2041)', async () => {
    const { rig, server, events } = await echo(stage);
    const answer = await answerOf(rig, { secretHeaders: [['X-Service-Key', 'Token service-secret-1']] });
    expect(server.seen[0]?.headers['x-service-key']).toBe('Token service-secret-1');
    expect(Buffer.from(answer.body).toString()).toContain('"x-service-key":"[redacted]"');
    expect(JSON.stringify(events)).not.toContain('service-secret-1');
  });

  it('that the host adds go to the origin of the call alone, wherever a policy moves it (OC-CTRL-2041)', async () => {
    const { rig, server } = await echo(stage, (event) =>
      event.kind === 'http.request' && event.request.url.host === 'start.test'
        ? { decision: 'modify', event: movedTo(event, { host: 'evil.org' }) }
        : undefined,
    );
    await answerOf(rig, { secretHeaders: [['x-service-key', 'service-secret-1']] });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]?.headers).toMatchObject({ host: 'evil.org' });
    expect(server.seen[0]?.headers).not.toHaveProperty('x-service-key');
  });

  it('that only the daemon knows are taken from answers (OC-CTRL-2041)', async () => {
    const redactor = new SecretRedactor({ secrets: ['configured-secret'], patterns: [], pii: true });
    const { rig } = await stage.web((_request, response) => response.end('a configured-secret of jane@mail.example'), {
      parts: { redactor },
    });
    expect(Buffer.from((await answerOf(rig)).body).toString()).toBe('a [redacted] of [redacted]');
  });
});
