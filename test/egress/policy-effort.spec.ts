import { readdirSync, readFileSync } from 'node:fs';
import { type PolicyEvent } from '@llama-orch/policy-sdk/abi';
import { Stage, told } from '../../src/egress/attack/scenario.js';
import { type OutboundCall } from '../../src/egress/egress.js';
import { type OpenedPolicy, openPolicy } from '../../src/policy-host/in-process.js';
import { type ChainCall } from '../../src/policy-host/sandbox/chain.js';
import { AttackPolicies } from '../../src/egress/attack/attack-policies.js';
import { START } from './support/echo.js';

const MODULES = new URL('../../dist/policies/', import.meta.url);
const LIMIT = 64 * 1024;
const JSON_TYPE = [['content-type', 'application/json']] as const;

/** As many of them as 64 KiB hold, in an array. */
function dense(item: (at: number) => string): string {
  const items: string[] = [];
  for (let bytes = 1; ;) {
    const next = item(items.length);
    bytes += Buffer.byteLength(next) + 1;
    if (bytes > LIMIT) return `[${items.join(',')}]`;
    items.push(next);
  }
}

const BODIES: Readonly<Record<string, string>> = {
  numbers: dense(() => '1'),
  'long numbers': dense((at) => String(1e15 + at)),
  'powers of ten': dense(() => '1e300'),
  'digits that make a power of ten': dense(() => '1'.repeat(300)),
  'empty objects': dense(() => '{}'),
  'empty texts': dense(() => '""'),
  members: `{${dense((at) => `"${at}":1`).slice(1, -1)}}`,
  'nested arrays': '['.repeat(250) + ']'.repeat(250),
  'arrays in arrays': dense(() => '[[[[[]]]]]'),
  'e-mail addresses': dense((at) => `"a${at}@mail.example"`),
  keys: dense((at) => `"AKIA${String(at).padStart(16, '0')}"`),
  'members of secret names': dense((at) => `{"token":"a${at}"}`),
  'characters beyond ASCII': dense(() => `"${'ü'.repeat(100)}"`),
  quotes: '"'.repeat(LIMIT),
  'control characters': '\u0001'.repeat(LIMIT),
  text: 'a'.repeat(LIMIT),
  'a member of a long name': `{"${'n'.repeat(50_000)}":${dense((at) => `"a${at}@b.example"`)
    .slice(0, 10_000)
    .replace(/,[^,]*$/, ']')}}`,
};

const QUERIES: Readonly<Record<string, string>> = {
  'many parameters': 'a=b&'.repeat(256).slice(0, -1),
  'empty parameters': '&'.repeat(255),
  'parameters of secret names': 'token=1&'.repeat(255),
  'characters beyond ASCII': `q=${'ü'.repeat(4_000)}`,
  'characters of two bytes': `q=${'ü'.repeat(2_040)}`,
  'control characters': `q=${'%01'.repeat(2_600)}`,
  'a long parameter': `q=${'a'.repeat(8_000)}`,
};

const HEADERS: Readonly<Record<string, OutboundCall['headers']>> = {
  many: Array.from({ length: 60 }, (_, at) => [`x-${at}`, 'v'.repeat(200)] as const),
  'beyond ASCII': Array.from({ length: 60 }, (_, at) => [`x-${at}`, 'ü'.repeat(200)] as const),
  'of addresses': Array.from({ length: 60 }, (_, at) => [`x-${at}`, 'a@mail.example '.repeat(15)] as const),
};

const call = (url: string, more: Partial<OutboundCall> = {}) => ({ url, method: 'POST', ...more });
const bodyOf = (text: string) => ({ body: Buffer.from(text), headers: JSON_TYPE });

/** Everything at once, each part at its limit. */
const ALL = Object.entries(QUERIES).flatMap(([query, search]) =>
  Object.entries(HEADERS).map(([headers, pairs]) => [
    `${query} and headers ${headers}`,
    call(`${START}?${search}`, { body: Buffer.from('a'.repeat(LIMIT)), headers: pairs }),
  ]),
) as readonly (readonly [string, ReturnType<typeof call>])[];

const CASES: readonly (readonly [string, ReturnType<typeof call>])[] = [
  ...Object.entries(BODIES).map(([name, text]) => [`a body of ${name}`, call(START, bodyOf(text))] as const),
  ...Object.entries(QUERIES).map(([name, search]) => [`a query of ${name}`, call(`${START}?${search}`)] as const),
  ...Object.entries(HEADERS).map(([name, headers]) => [`headers: ${name}`, call(START, { headers })] as const),
];

let stage: Stage;
const policies = new Map<string, OpenedPolicy>();
beforeAll(async () => {
  stage = new Stage();
  for (const file of readdirSync(MODULES).filter((name) => name.endsWith('.wasm')))
    policies.set(file, await openPolicy(readFileSync(new URL(file, MODULES))));
});
afterAll(async () => {
  await stage.close();
  for (const policy of policies.values()) await policy.close();
});

/** What policies are asked when the call is made to a server that answers what it was sent. */
async function askedBy(members: ReturnType<typeof call>): Promise<readonly ChainCall[]> {
  const asked: ChainCall[] = [];
  const keeper = new AttackPolicies((_event: PolicyEvent, one) => void asked.push(one));
  const { rig } = await stage.web(
    (request, response) => void request.pipe(response.writeHead(200, { 'content-type': 'application/json' })),
    { policies: keeper },
  );
  expect(told(await rig.call(members))).toMatch(/^answered/);
  return asked;
}

/** The largest part of its fuel that a ready policy takes, in percent. */
async function mostFuel(calls: readonly ChainCall[]): Promise<number> {
  let most = 0;
  for (const [name, policy] of policies) {
    for (const { hook, event, bodies, counters } of calls.filter((one) => policy.manifest.hooks.includes(one.hook))) {
      const { fuel, error } = await policy.decide(hook, event, bodies, { counters });
      if (error !== undefined) throw new Error(`${name} at ${hook}: ${error.code}`);
      most = Math.max(most, (100 * fuel) / policy.prepared.limits.fuel);
    }
  }
  return most;
}

describe('what a caller or a far side sends', () => {
  it.each(CASES)('costs no ready policy half of its fuel: %s (ORCH-4702, OC-POLICY-4030)', async (_name, members) => {
    expect(await mostFuel(await askedBy(members))).toBeLessThan(50);
  });

  it.each(ALL)('costs none all of it when everything comes at once: %s (ORCH-4702)', async (_name, members) => {
    expect(await mostFuel(await askedBy(members))).toBeLessThan(80);
  });
});
