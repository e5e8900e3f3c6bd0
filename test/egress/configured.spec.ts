import { connect, Socket, type TcpNetConnectOpts } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttackPolicies } from '../../src/egress/attack/attack-policies.js';
import { outboundCall } from '../../src/egress/attack/attack-rig.js';
import { AttackServer, CertificateAuthority } from '../../src/egress/attack/attack-server.js';
import { RowsInMemory } from '../../src/egress/attack/rows-in-memory.js';
import { classifyTest, PUBLIC, TestNetwork } from '../../src/egress/attack/test-network.js';
import { type Egress } from '../../src/egress/egress.js';
import { OwnAddresses } from '../../src/egress/guard/own-addresses.js';
import { newEgress } from '../../src/egress/new-egress.js';
import { parseConfig } from '../../src/config/index.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { ProxyServer } from './support/proxy-server.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-egress-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function egressOf(config: object, network = new TestNetwork({}, new Map()), classify = classifyTest): Egress {
  return newEgress(parseConfig(config), folder, {
    ...{ own: new OwnAddresses(), policies: new AttackPolicies(), audit: new RowsInMemory(), key: new Uint8Array(32) },
    ...{ redactor: new SecretRedactor({ secrets: [], patterns: [], pii: false }), count: () => {} },
    ...{
      clock: new SystemClock(),
      logger: new QuietLogger(),
      resolver: network,
      classify,
      openSocket: network.openSocket,
    },
  });
}

/** How a call ended: a status, or the code or kind of what was thrown. */
async function endOf(egress: Egress, url: string): Promise<unknown> {
  try {
    return (await egress.send(outboundCall({ url }), new AbortController().signal)).status;
  } catch (error) {
    return (error as { kind?: string; code?: string }).kind ?? (error as { code?: string }).code;
  } finally {
    await egress.close();
  }
}

const OFF_LOOPBACK = {
  server: { bind: '0.0.0.0:8080' },
  auth: { keys: [{ id: 'k', hash: `hmac-sha256:${'0'.repeat(32)}:${'0'.repeat(64)}` }] },
};

describe('the configuration', () => {
  it.each([
    ['private addresses on a loopback bind', {}, 'connect'],
    ['no private addresses off loopback', OFF_LOOPBACK, 'POLICY_DENIED'],
    [
      'private addresses off loopback where it says so',
      { ...OFF_LOOPBACK, egress: { allow_private: true } },
      'connect',
    ],
    ['a range that it names', { ...OFF_LOOPBACK, egress: { allow_hosts: ['10.0.0.0/8'] } }, 'connect'],
    ['nothing that it denies', { egress: { deny_hosts: ['10.0.0.0/8'] } }, 'POLICY_DENIED'],
    ['nothing while the door is shut', { egress: { enabled: false } }, 'POLICY_DENIED'],
  ])('lets out calls to %s (ORCH-4703)', async (_what, config, expected) => {
    expect(await endOf(egressOf(config), 'http://10.0.0.1/')).toBe(expected);
  });

  it('opens further ports (ORCH-4703)', async () => {
    expect(await endOf(egressOf({}), 'http://10.0.0.1:8080/')).toBe('POLICY_DENIED');
    expect(await endOf(egressOf({ egress: { ports: [8080] } }), 'http://10.0.0.1:8080/')).toBe('connect');
  });

  it('limits what one caller may ask for in a second (OC-POLICY-4031)', async () => {
    const egress = egressOf({ egress: { rate_per_s: 1 } });
    const signal = new AbortController().signal;
    const send = () => egress.send(outboundCall({ url: 'http://10.0.0.1/' }), signal);
    await expect(send()).rejects.toMatchObject({ kind: 'connect' });
    await expect(send()).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      members: { limit: { name: 'egress.rate_per_s' } },
    });
    await egress.close();
  });

  it('adds roots that certificates are vouched for by (ORCH-4703)', async () => {
    const ca = new CertificateAuthority();
    writeFileSync(join(folder, 'ca.pem'), ca.certificate);
    const server = await AttackServer.https((_request, response) => response.end(), ca, 'start.test');
    const network = () => new TestNetwork({ 'start.test': [[PUBLIC]] }, new Map([[443, server.port]]));
    expect(await endOf(egressOf({}, network()), 'https://start.test/')).toBe('tls');
    expect(await endOf(egressOf({ egress: { ca_roots: ['ca.pem'] } }, network()), 'https://start.test/')).toBe(200);
    await server.close();
  });

  it('is wrong when it names roots that are none (HME-032)', () => {
    writeFileSync(join(folder, 'empty.pem'), 'x');
    expect(() => egressOf({ egress: { ca_roots: ['empty.pem'] } })).toThrow(
      'empty.pem holds no certificate; name a PEM file',
    );
    expect(() => egressOf({ egress: { ca_roots: ['gone.pem'] } })).toThrow('gone.pem cannot be read');
  });
});

describe('a configured proxy', () => {
  let proxy: ProxyServer;
  beforeEach(async () => (proxy = await ProxyServer.start()));
  afterEach(() => proxy.close());

  /** Knows the proxy beside the names of the suite, and lets only the proxy be reached. */
  class BehindProxy extends TestNetwork {
    override readonly openSocket = (options: TcpNetConnectOpts): Socket => {
      if (options.host !== PUBLIC || options.port !== proxy.port) this.dialled.push(`${options.host}:${options.port}`);
      return options.port === proxy.port ? connect(options) : new Socket().destroy(new Error('unreachable'));
    };
  }
  const behindProxy = (url: string, names: Readonly<Record<string, readonly (readonly string[])[]>>) => {
    const network = new BehindProxy(names, new Map());
    return { network, egress: egressOf({ egress: { proxy: url, allow_private: true } }, network) };
  };

  it('is told the address that was checked, and never a name; the name is in TLS and Host (ORCH-4703)', async () => {
    const ca = new CertificateAuthority();
    const server = await AttackServer.https((_request, response) => response.end('there'), ca, 'start.test');
    proxy.leads(`${PUBLIC}:443`, server.port);
    writeFileSync(join(folder, 'ca.pem'), ca.certificate);
    const network = new BehindProxy({ 'start.test': [[PUBLIC]] }, new Map());
    const egress = egressOf(
      { egress: { proxy: `http://ann:proxy-pass%2Fword@127.0.0.1:${proxy.port}`, ca_roots: ['ca.pem'] } },
      network,
    );
    expect(await endOf(egress, 'https://start.test/x')).toBe(200);
    const authorization = `Basic ${Buffer.from('ann:proxy-pass/word').toString('base64')}`;
    expect(proxy.asked).toEqual([{ target: `${PUBLIC}:443`, host: `${PUBLIC}:443`, authorization }]);
    expect(server.seen[0]).toMatchObject({ url: '/x', headers: { host: 'start.test' } });
    expect(server.seen[0]!.headers).not.toHaveProperty('proxy-authorization');
    await server.close();
  });

  it('carries plain HTTP too, connection by connection (ORCH-4703)', async () => {
    const server = await AttackServer.http((_request, response) => response.end('there'));
    proxy.leads(`${PUBLIC}:80`, server.port);
    const { egress } = behindProxy(`http://127.0.0.1:${proxy.port}/`, { 'start.test': [[PUBLIC]] });
    expect(await endOf(egress, 'http://start.test/y')).toBe(200);
    expect(server.seen[0]).toMatchObject({ url: '/y', headers: { host: 'start.test' } });
    await server.close();
  });

  it('is not asked for what the guard refuses, nor for what is private (ORCH-4703)', async () => {
    const names = { 'meta.test': [['169.254.169.254']], 'mixed.test': [[PUBLIC, '169.254.169.254']] };
    const url = `http://127.0.0.1:${proxy.port}`;
    expect(await endOf(behindProxy(url, names).egress, 'http://meta.test/')).toBe('POLICY_DENIED');
    expect(await endOf(behindProxy(url, names).egress, 'http://mixed.test/')).toBe('POLICY_DENIED');
    const { egress, network } = behindProxy(url, { 'private.test': [['10.1.2.3']] });
    expect(await endOf(egress, 'http://private.test/')).toBe('connect');
    expect(network.dialled).toEqual(['10.1.2.3:80']);
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    ['that refuses', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'],
    ['that speaks no HTTP', 'SSH-2.0-x\r\n\r\n'],
    ['that answers in place of the far side', 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['that never ends its head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`],
    ['that hangs up', ''],
  ])('%s fails the call (ORCH-4703)', async (_what, says) => {
    proxy.says = says;
    const { egress } = behindProxy(`http://127.0.0.1:${proxy.port}`, { 'start.test': [[PUBLIC]] });
    expect(await endOf(egress, 'http://start.test/')).toBe('connect');
  });

  it.each(['https://proxy.example:3128', 'socks5://proxy.example', 'proxy.example:3128', 'http://proxy.example/x', ''])(
    'has to be one that is spoken to: %j is refused (ORCH-4802)',
    (url) => {
      expect(() => parseConfig({ egress: { proxy: url } })).toThrow(/egress\.proxy|proxy/);
    },
  );

  it('is not taken from the environment (ORCH-4703)', async () => {
    process.env['HTTP_PROXY'] = process.env['http_proxy'] = `http://127.0.0.1:${proxy.port}`;
    try {
      const egress = egressOf({}, new TestNetwork({ 'start.test': [[PUBLIC]] }, new Map()));
      expect(await endOf(egress, 'http://start.test/')).toBe('connect');
      expect(proxy.asked).toEqual([]);
    } finally {
      delete process.env['HTTP_PROXY'];
      delete process.env['http_proxy'];
    }
  });
});
