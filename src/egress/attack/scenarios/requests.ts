import { isHostPattern } from '../../../config/host-pattern.js';
import { urlParts } from '../../../policy-host/sandbox/host/url-parts.js';
import { type OutboundCall } from '../../egress.js';
import { AttackPolicies, movedTo } from '../attack-policies.js';
import { AttackServer } from '../attack-server.js';
import { type Scenario, told } from '../scenario.js';
import { OTHER_PUBLIC } from '../test-network.js';
import { secure } from './redirects.js';

/** Headers that are not the caller's to set. */
const FORGED: readonly (readonly [string, string])[] = [
  ['Host', 'internal'],
  [':authority', 'internal'],
  ['X-Forwarded-For', '127.0.0.1'],
  ['X-Forwarded-Host', 'internal'],
  ['Transfer-Encoding', 'chunked'],
  ['Content-Length', '0'],
  ['Connection', 'x'],
  ['Proxy-Authorization', 'x'],
  ['Upgrade', 'h2c'],
  ['Forwarded', 'for=127.0.0.1'],
  ['Expect', '100-continue'],
  ['HTTP2-Settings', 'x'],
];

/** Where private addresses may be called by name. */
const PRIVATE = '10.0.0.1';

/** Rules about hosts: rule, host, whether it is meant. */
const HOST_RULES: readonly (readonly [row: number, rule: string, host: string, matches: boolean])[] = [
  [42, 'example.com', 'example.com.evil.org', false],
  [43, 'example.com', 'example.com.evil.org', false],
  [43, 'example.com', 'evilexample.com', false],
  [43, 'example.com', 'example.com.', true],
  [44, '*.example.com', 'example.com', false],
  [44, '*.example.com', 'a.b.example.com', true],
  [44, 'a.*.com', 'a.b.com', false],
  [45, 'example.com', 'ex\u0430mple.com', false],
  [45, 'example.com', 'xn--exmple-4nf.com', false],
  [45, 'strasse.de', 'straße.de', false],
];

function refusedCall(row: number, name: string, members: Partial<OutboundCall>): Scenario {
  return {
    row,
    name,
    expected: 'refused, 0 seen',
    async run(stage) {
      const { rig, server } = await stage.web((_request, response) => response.end());
      return `${told(await rig.call({ url: 'http://start.test/', ...members }))}, ${server.seen.length} seen`;
    },
  };
}

function hostRule([row, rule, host, matches]: (typeof HOST_RULES)[number]): Scenario {
  const expected = matches ? 'matches' : 'does not match';
  return {
    row,
    name: `${host} against the rule ${rule}`,
    expected,
    ...(isHostPattern(rule) ? {} : { notFromOutside: 'a configuration with such a rule is refused' }),
    async run(stage) {
      const name = URL.parse(`http://${host}/`)!.hostname.replace(/\.$/, '');
      const rig = stage.rig({ rules: { allowHosts: [rule] }, names: { [name]: [[PRIVATE]] } });
      const outcome = told(await rig.call({ url: `http://${host}/` }));
      if (outcome === 'refused' && rig.network.dialled.length === 0) return 'does not match';
      return rig.network.dialled.join() === `${PRIVATE}:80` ? 'matches' : outcome;
    },
  };
}

/** Rows 42 to 45 and 54 to 57: what a caller can write into a request, and what policies make of hosts. */
export const REQUESTS: readonly Scenario[] = [
  ...HOST_RULES.map(hostRule),
  {
    row: 42,
    name: 'example.com%2eevil.org is not example.com',
    expected: `answered 200 by ${OTHER_PUBLIC}:80`,
    async run(stage) {
      const names = { 'example.com.evil.org': [[OTHER_PUBLIC]] };
      const { rig } = await stage.web((_request, response) => response.end(), { names });
      const outcome = told(await rig.call({ url: 'http://example.com%2eevil.org/' }));
      return `${outcome} by ${rig.network.dialled.join()}`;
    },
  },
  ...FORGED.map((header) => refusedCall(54, `header ${header[0]}`, { headers: [header] })),
  refusedCall(55, 'CRLF in a header value', { headers: [['x-a', 'b\r\nhost: internal']] }),
  refusedCall(55, 'CRLF in a header name', { headers: [['x-a\r\nhost', 'internal']] }),
  refusedCall(55, 'CRLF in the path', { url: 'http://start.test/\r\nhost: internal' }),
  refusedCall(55, 'CRLF in the method', { method: 'GET / HTTP/1.1\r\nhost: internal\r\n\r\nGET' }),
  ...['CONNECT', 'TRACE', 'TRACK', 'get', 'PROPFIND'].map((method) => refusedCall(57, `method ${method}`, { method })),
  {
    row: 56,
    name: 'proxies in the environment',
    expected: 'answered 200 by 127.0.77.1:80',
    async run(stage) {
      const { rig } = await stage.web((_request, response) => response.end());
      return withVariables(
        { HTTP_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9', NODE_USE_ENV_PROXY: '1' },
        async () => {
          const outcome = told(await rig.call({ url: 'http://start.test/' }));
          return `${outcome} by ${rig.network.dialled.join()}`;
        },
      );
    },
  },
];

/** Rows 64 to 70: what surrounds a call. */
export const CONTEXT: readonly Scenario[] = [
  {
    row: 64,
    name: 'a webhook in a body that leads to loopback, and a policy that looks at it',
    expected: 'refused, 0 seen',
    async run(stage) {
      const policies = new AttackPolicies((event) => {
        const body = event.kind === 'http.request' ? (event.request.body?.value as { webhook?: string } | null) : null;
        const parts = urlParts(body?.webhook ?? '') as { host: string } | null;
        return parts?.host === '127.0.0.1' ? { decision: 'deny', code: 'WEBHOOK' } : undefined;
      });
      const { rig, server } = await stage.web((_request, response) => response.end(), { policies });
      const body = Buffer.from(JSON.stringify({ webhook: 'http://0x7f.1/' }));
      const headers = [['content-type', 'application/json']] as const;
      return `${told(await rig.call({ url: 'http://start.test/', method: 'POST', headers, body }))}, ${server.seen.length} seen`;
    },
  },
  {
    row: 65,
    name: 'a patch that moves the call twice',
    expected: 'refused',
    async run(stage) {
      let host = 0;
      const policies = new AttackPolicies((event) =>
        event.kind === 'http.request'
          ? { decision: 'modify', event: movedTo(event, { host: `h${host++}.test` }) }
          : undefined,
      );
      const names = Object.fromEntries([0, 1, 2].map((at) => [`h${at}.test`, [['127.0.77.1']]]));
      const { rig } = await stage.web((_request, response) => response.end(), { policies, names });
      return told(await rig.call({ url: 'http://start.test/' }));
    },
  },
  {
    row: 68,
    name: 'a certificate for another name',
    expected: 'failed: tls',
    async run(stage) {
      const { rig } = await secure(stage, 'evil.org');
      return told(await rig.call({ url: 'https://start.test/' }));
    },
  },
  {
    row: 68,
    name: 'a certificate that nobody vouches for',
    expected: 'failed: tls',
    async run(stage) {
      const { rig } = await secure(stage, 'start.test', { trusted: [] });
      return told(await rig.call({ url: 'https://start.test/' }));
    },
  },
  {
    row: 68,
    name: 'verification switched off by the environment',
    expected: 'failed: tls',
    async run(stage) {
      const { rig } = await secure(stage, 'start.test', { trusted: [] });
      return withVariables({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, async () =>
        told(await rig.call({ url: 'https://start.test/' })),
      );
    },
  },
  {
    row: 69,
    name: 'answers for open, closed and unknown doors inside',
    expected: '1 answer',
    async run(stage) {
      const server = await stage.serve(AttackServer.http((_request, response) => response.end()));
      const ports = { rules: { ports: new Set([80, 443, server.port]) } };
      const inside = stage.rig(ports);
      const urls = [
        `http://127.0.0.1:${server.port}/`,
        'http://127.0.0.1/',
        'http://10.0.0.1/',
        'http://127.0.0.1:22/',
      ];
      const answers = [];
      for (const url of urls) answers.push(await inside.call({ url }));
      const said = answers.map((answer) => (answer.type === 'refused' ? withoutId(answer.error) : told(answer)));
      return `${new Set(said).size} answer`;
    },
  },
  {
    row: 70,
    name: 'a policy and the operator allow a metadata address',
    expected: 'refused',
    async run(stage) {
      const rig = stage.rig({ rules: { allowHosts: ['169.254.169.254'], allowPrivate: true } });
      return told(await rig.call({ url: 'http://169.254.169.254/' }));
    },
  },
  {
    row: 70,
    name: 'a host on both lists of the operator',
    expected: 'refused',
    async run(stage) {
      const { rig } = await stage.web((_request, response) => response.end(), {
        rules: { allowHosts: ['example.com'], denyHosts: ['example.com'] },
      });
      return told(await rig.call({ url: 'http://example.com/' }));
    },
  },
];

function withoutId({ message, members }: { readonly message: string; readonly members: object }): string {
  return JSON.stringify({ message, ...members }).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id');
}

async function withVariables(values: Readonly<Record<string, string>>, run: () => Promise<string>): Promise<string> {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    return await run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
