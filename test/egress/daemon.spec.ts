import { AttackServer } from '../../src/egress/attack/attack-server.js';
import { classifyTest, PUBLIC, TestNetwork } from '../../src/egress/attack/test-network.js';
import { Network } from '../../src/egress/guard/network.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

const EGRESS = { allow_private: false, rate_per_s: 100_000 };

let server: AttackServer;
let app: TestApp;
beforeAll(async () => {
  server = await AttackServer.http((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end('there'),
  );
  const network = new TestNetwork({ 'start.test': [[PUBLIC]] }, new Map([[80, server.port]]));
  const own = new Network(network, classifyTest, network.openSocket);
  app = await startTestApp({ egress: EGRESS }, [], own);
});
afterAll(() => server.close());

const attack = (url: string) => app.call<Record<string, unknown>>('/v1/tools/http', { method: 'POST', body: { url } });

describe('the HTTP tool of a daemon', () => {
  it('calls what is public (ORCH-4705)', async () => {
    expect(await attack('http://start.test/')).toMatchObject({ status: 200, body: { status: 200, body: 'there' } });
    expect(await app.metric('llama_orch_egress_requests_total', { result: 'ok' })).toBe(1);
  });

  it('refuses with one answer, which names no address, and leaves the reason in the audit (ORCH-4703, OC-POLICY-4032)', async () => {
    const [one, other] = [await attack('http://10.1.2.3/'), await attack('http://127.0.0.1:6379/')];
    const told = ({ message, policy, policy_code }: Record<string, unknown>) =>
      JSON.stringify({ message, policy, policy_code });
    const withoutId = (text: string) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '');
    expect(withoutId(told(one.body))).toBe(withoutId(told(other.body)));
    expect(JSON.stringify(one.body)).not.toContain('10.1.2.3');
    const audit = await app.call('/v1/audit?action=tool.request&limit=50');
    expect(audit.text).toContain('ADDRESS_NOT_PUBLIC');
  });

  it('never calls the daemon itself, although its operator allows private addresses (ORCH-4703)', async () => {
    const ports = Array.from({ length: 64_512 }, (_, at) => 1_024 + at);
    const open = await startTestApp({ egress: { allow_private: true, ports } }, []);
    const own = await open.call('/v1/tools/http', { method: 'POST', body: { url: `${open.url}/healthz` } });
    expect(own.status).toBe(403);
    const audit = await open.call('/v1/audit?action=tool.request&limit=50');
    expect(audit.text).toContain('OWN_ADDRESS');
    const other = await open.call('/v1/tools/http', { method: 'POST', body: { url: `${app.url}/livez` } });
    expect(other).toMatchObject({ status: 200, body: { status: 200 } });
  });
});
