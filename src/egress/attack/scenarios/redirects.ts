import { AttackServer, CertificateAuthority } from '../attack-server.js';
import { type DoorOptions } from '../door.js';
import { type Scenario, type StageBefore, told } from '../scenario.js';
import { PUBLIC } from '../test-network.js';

function redirect(row: number, status: number, location: string, expected = 'refused'): Scenario {
  return {
    row,
    name: `${status} to ${location}`,
    expected,
    async run(stage) {
      const { rig } = await stage.web((request, response) =>
        request.url === '/' ? response.writeHead(status, { location }).end() : response.end('there'),
      );
      const outcome = told(await rig.call({ url: 'http://start.test/' }));
      const { escapes } = rig.network;
      return escapes.length === 0 ? outcome : `dialled ${escapes.join()}`;
    },
  };
}

/** Rows 48 to 53: where an answer sends its caller. */
export const REDIRECTS: readonly Scenario[] = [
  ...[301, 302, 303, 307, 308].map((status) => redirect(48, status, 'http://127.0.0.1/')),
  redirect(48, 302, 'http://169.254.169.254/latest/meta-data/'),
  redirect(48, 302, '//127.0.0.1/'),
  redirect(48, 302, '\\\\127.0.0.1/'),
  redirect(49, 302, 'http://start.test:8080/'),
  redirect(49, 302, 'http://start.test:443/'),
  redirect(50, 302, '/', 'failed: redirect'),
  redirect(53, 302, 'http://user:pass@evil.org/'),
  redirect(53, 302, 'file:///etc/passwd'),
  {
    row: 49,
    name: 'https to http, on the same port',
    expected: 'refused',
    async run(stage) {
      const { rig } = await secure(stage, 'start.test');
      return told(await rig.call({ url: 'https://start.test/' }));
    },
  },
  {
    row: 50,
    name: 'a chain of six',
    expected: 'failed: redirect after 6',
    async run(stage) {
      const { rig, server } = await stage.web((request, response) =>
        response.writeHead(302, { location: `${request.url}x` }).end(),
      );
      return `${told(await rig.call({ url: 'http://start.test/' }))} after ${server.seen.length}`;
    },
  },
  {
    row: 51,
    name: 'another origin and a secret header with a name of its own',
    expected: '2: x-api-key,cookie,authorization,x-mine,x-secret, then none',
    async run(stage) {
      const { rig, server } = await stage.web((request, response) =>
        request.url === '/' ? response.writeHead(307, { location: 'http://evil.org/x' }).end() : response.end(),
      );
      const headers = [
        ['x-api-key', 'k'],
        ['cookie', 'c=1'],
        ['authorization', 'Bearer b'],
        ['x-mine', 'm'],
      ] as const;
      await rig.call({ url: 'http://start.test/', headers, secretHeaders: [['x-secret', 's3cret-value']] });
      const names = [...headers.map(([name]) => name), 'x-secret'];
      const sent = server.seen.map(({ headers: all }) => names.filter((name) => all[name] !== undefined).join());
      return `${sent.length}: ${sent.map((some) => some || 'none').join(', then ')}`;
    },
  },
  {
    row: 52,
    name: '307 takes method and body to a new host, after a new decision',
    expected: 'POST x decided for start.test,evil.org',
    async run(stage) {
      const { rig, server } = await stage.web((request, response) =>
        request.url === '/' ? response.writeHead(307, { location: 'http://evil.org/x' }).end() : response.end(),
      );
      await rig.call({ url: 'http://start.test/', method: 'POST', body: Buffer.from('x') });
      const { method, body } = server.seen[1] ?? {};
      return `${method} ${body} decided for ${(await rig.decidedFor()).join()}`;
    },
  },
  {
    row: 53,
    name: 'a Refresh header and a meta tag',
    expected: `answered 200 by ${PUBLIC}:80`,
    async run(stage) {
      const { rig } = await stage.web((_request, response) =>
        response
          .writeHead(200, { refresh: '0; url=http://127.0.0.1/', 'content-type': 'text/html' })
          .end('<meta http-equiv="refresh" content="0; url=http://127.0.0.1/">'),
      );
      return `${told(await rig.call({ url: 'http://start.test/' }))} by ${rig.network.dialled.join()}`;
    },
  },
];

let vouching: CertificateAuthority | undefined;

/** A server with a certificate for `name` in the place of port 443. */
export async function secure(stage: StageBefore, name: string, options: DoorOptions = {}) {
  const ca = (vouching ??= new CertificateAuthority());
  const server = await stage.serve(
    AttackServer.https(
      (_request, response) => response.writeHead(302, { location: 'http://start.test:443/' }).end(),
      ca,
      name,
    ),
  );
  const trusted = [ca.certificate];
  return { server, rig: stage.rig({ trusted, ...options, ports: { 443: server.port } }) };
}
