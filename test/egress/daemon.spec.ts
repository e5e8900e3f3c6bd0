import { AttackServer } from '../../src/egress/attack/attack-server.js';
import { URL_VECTORS } from '../../src/egress/attack/run-attacks.js';
import { classifyTest, isTestPublic, OTHER_PUBLIC, PUBLIC, TestNetwork } from '../../src/egress/attack/test-network.js';
import { Network } from '../../src/egress/guard/network.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

const NAMES = { 'start.test': [[PUBLIC]], 'example.com': [[PUBLIC]], 'evil.org': [[OTHER_PUBLIC]] };
const EGRESS = { allow_private: false, rate_per_s: 100_000 };

let server: AttackServer;
let network: TestNetwork;
let app: TestApp;
beforeAll(async () => {
  server = await AttackServer.http((request, response) => {
    const to = new URL(request.url!, 'http://start.test').searchParams.get('to');
    if (to === null) response.writeHead(200, { 'content-type': 'text/plain' }).end('there');
    else response.writeHead(302, { location: to }).end();
  });
  network = new TestNetwork(NAMES, new Map([[80, server.port]]));
  const own = new Network(network, classifyTest, network.openSocket);
  app = await startTestApp({ egress: EGRESS }, [], own);
});
afterAll(() => server.close());

/** What the tool answers, and to which addresses that are not those of the suite it dialled. */
async function attack(
  url: string,
): Promise<{ status: number; body: Record<string, unknown>; escapes: readonly string[] }> {
  const before = network.dialled.length;
  const { status, body } = await app.call<Record<string, unknown>>('/v1/tools/http', { method: 'POST', body: { url } });
  const escapes = network.dialled.slice(before).filter((address) => !isTestPublic(address));
  return { status, body, escapes };
}

describe('the HTTP tool of a daemon', () => {
  it('calls what is public (ORCH-4705)', async () => {
    expect(await attack('http://start.test/')).toMatchObject({ status: 200, body: { status: 200, body: 'there' } });
    expect(await app.metric('llama_orch_egress_requests_total', { result: 'ok' })).toBe(1);
  });

  it('refuses every address of the list, written in every way, and dials none (ORCH-4703, ORCH-4705)', async () => {
    const refused = URL_VECTORS.filter(({ expected, row }) => expected === 'refused' && row !== 63);
    const bypasses = [];
    for (const { row, name, url } of refused) {
      const { status, escapes } = await attack(url);
      if (![400, 403].includes(status) || escapes.length > 0) bypasses.push({ row, name, status, escapes });
    }
    expect(bypasses).toEqual([]);
  });

  it('refuses them where an answer redirects to them (ORCH-4703, ORCH-4705)', async () => {
    const bypasses = [];
    for (const { row, name, url, expected, isRelative } of URL_VECTORS.filter((one) => one.url.length < 1_000)) {
      if (expected !== 'refused' || isRelative || row === 63) continue;
      const location = encodeURIComponent(url.replaceAll(/[^\t\u0020-\u007e]/g, encodeURIComponent));
      const { status, escapes } = await attack(`http://start.test/?to=${location}`);
      if (status !== 403 || escapes.length > 0) bypasses.push({ row, name, status, escapes });
    }
    expect(bypasses).toEqual([]);
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
