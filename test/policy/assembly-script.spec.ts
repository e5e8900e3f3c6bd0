import { type Json } from '@llama-orch/policy-sdk/abi';
import fc from 'fast-check';
import { type OpenedPolicy, openPolicy } from '../../src/policy-host/in-process.js';
import { requestEvent, responseEvent } from './events.js';
import { moduleOf } from './package-of-text.js';

/** The compiler on a busy machine. */
const COMPILER_MS = 60_000;

/** Reads a text with the reader, and writes what stands at a pointer with the writer. */
const COPIER = `
import { allow, answer, Json, JsonType, JsonWriter, readConfig } from '@llama-orch/policy-as';
import { writeOutput } from '@llama-orch/policy-as/assembly/abi/blocks';

function copy(value: Json, out: JsonWriter, depth: i32): void {
  const type = value.type;
  if (depth > 100) out.text('<deep>');
  else if (type == JsonType.Object || type == JsonType.List) copyItems(value, type == JsonType.List, out, depth);
  else if (type == JsonType.Text) out.text(value.text());
  else if (type == JsonType.Number) out.number(value.number());
  else if (type == JsonType.Bool) out.bool(value.bool());
  else if (type == JsonType.Null) out.null();
  else out.text('<missing>');
}

function copyItems(value: Json, isList: bool, out: JsonWriter, depth: i32): void {
  if (isList) out.beginList(); else out.beginObject();
  const items = value.items();
  for (let index = 0; index < items.length; index++) {
    if (!isList) out.name(items[index].name);
    copy(items[index], out, depth + 1);
  }
  if (isList) out.endList(); else out.endObject();
}

export function validate_config(): i32 {
  const input = readConfig();
  const out = new JsonWriter();
  copy(Json.parse(input.get('text').text()).pointer(input.get('pointer').text()), out, 0);
  const encoded = String.UTF8.encode(out.toString());
  writeOutput(changetype<usize>(encoded), encoded.byteLength);
  return 0;
}

export function on_request(): i32 {
  return answer(allow());
}
`;

const EVERYTHING = `
import {
  allow, answer, bodyRead, counter, deny, glob, hostMatch, ipIn, Json, jsonGet, limit, log, modify, pseudonym, readEvent,
  Redact, scan, sha256, urlParse,
} from '@llama-orch/policy-as';

export function on_request(): i32 {
  const event = readEvent();
  const what = event.path;
  if (what == '/host') {
    log('info', 'asked about ' + event.host);
    const body = event.body.get('handle').integer();
    return answer(
      allow()
        .label('ip', ipIn('10.1.2.3', '10.0.0.0/8').toString())
        .label('host', hostMatch(event.host, '*.example.com').toString())
        .label('glob', glob('/v1/x', '/v1/*').toString())
        .label('url', urlParse('https://EXAMPLE.com:8443/a').get('host').text())
        .label('noUrl', urlParse('no url').exists.toString())
        .label('json', jsonGet(body, '/a/1').raw())
        .label('read', String.UTF8.decode(bodyRead(body, 1, 3).buffer.slice(0, 3)))
        .label('sha256', sha256('a').slice(0, 8))
        .label('pseudonym', (pseudonym('a') == pseudonym('a')).toString())
        .label('scan', scan(body).items().length.toString())
        .label('counter', counter('calls').toString()),
    );
  }
  if (what == '/modify') {
    return answer(
      modify('tested').setHeader('x-a', '"1"').removeHeader('cookie').setQuery('q', 'ä').removeQuery('z').setMethod('PUT')
        .patchBody('[{"op":"remove","path":"/a"}]').redactClass('response', 'secret.*', Redact.HASH)
        .redactPointer('audit', '/x', Redact.DROP),
    );
  }
  if (what == '/limit') return answer(limit('host:' + event.host, 60, 60000, 10));
  if (what == '/assert') assert(false, 'this cannot be');
  return answer(deny('NO_WAY', event.method + ' ' + event.port.toString() + ' ' + event.header('x-note'), 'a "hint"'));
}

export function on_response(): i32 {
  const event = readEvent();
  const status = event.response.get('status').integer();
  return answer(allow().label('status', status.toString()).label('type', event.header('content-type')));
}
`;

const CAPABILITIES = [
  'ip_in',
  'host_match',
  'glob',
  'url_parse',
  'json_get',
  'body_read',
  'sha256',
  'pseudonym',
  'scan',
];

describe('the JSON of AssemblyScript policies', () => {
  let copier: OpenedPolicy;
  beforeAll(async () => (copier = await openPolicy(await moduleOf('as', COPIER))), COMPILER_MS);
  afterAll(() => copier.close());

  async function copyOf(text: string, pointer = ''): Promise<unknown> {
    return JSON.parse(await copier.answer('validate_config', JSON.stringify({ text, pointer })));
  }

  it('reads and writes what JavaScript writes (OC-POLICY-4001)', async () => {
    // Eighths of whole numbers are exact on both sides.
    const eighths = (_name: string, value: unknown) =>
      typeof value === 'number' ? Math.trunc(value % 1e9) / 8 : value;
    const text = fc.json({ maxDepth: 4 }).map((json) => JSON.stringify(JSON.parse(json, eighths)));
    await fc.assert(
      fc.asyncProperty(text, async (one) => expect(await copyOf(one)).toEqual(JSON.parse(one))),
      { numRuns: 300, seed: 1 },
    );
  });

  it('reads any number to its last digits', async () => {
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
    await fc.assert(
      fc.asyncProperty(doubles, async (one) => {
        const read = (await copyOf(JSON.stringify(one))) as number;
        expect(Math.abs(read - one)).toBeLessThanOrEqual(Math.abs(one) * 1e-14 + Number.MIN_VALUE * 4);
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it('ends no call, whatever the text (ORCH-4702)', async () => {
    const broken = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', '\\u', 'x', ''),
      )
      .map(
        ([text, at, part]) => text.slice(0, at % (text.length + 1)) + part + text.slice((at % (text.length + 1)) + 1),
      );
    await fc.assert(
      fc.asyncProperty(broken, fc.constantFrom('', '/0', '/a/0', '/~1'), async (text, pointer) => {
        await copyOf(text, pointer);
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  it.each([
    ['', '', '<missing>'],
    ['{"a":{"b/c":[10,{"~":20}]}}', '/a/b~1c/1/~0', 20],
    ['[1,2]', '/01', '<missing>'],
    ['[1,2]', '/-1', '<missing>'],
    ['{"a":1,"a":2}', '/a', 1],
    [' [ "\\u00e9\\ud83d\\ude00\\/\\q" ] ', '/0', 'é😀/q'],
    ['[01]', '/0', '<missing>'],
    ['[1e400]', '/0', null],
    ['{"a":tru}', '/a', '<missing>'],
    ['{"a"', '/a', '<missing>'],
    ['"\\ud8', '', '<missing>'],
  ])('finds in %s at %s: %j', async (text, pointer, found) => {
    expect(await copyOf(text, pointer)).toEqual(found);
  });

  it('reads deep text without a deep stack (OC-POLICY-4011)', async () => {
    expect(await copyOf(`${'['.repeat(50_000)}${']'.repeat(50_000)}`, '/1')).toBe('<missing>');
  });
});

describe('what AssemblyScript policies can ask and answer', () => {
  let policy: OpenedPolicy;
  beforeAll(async () => {
    const facts = { hooks: ['on_request', 'on_response'], capabilities: [...CAPABILITIES, 'log', 'counter'] };
    const rules = { patterns: [{ class: 'email', source: '\\S+@\\S+' }], key: new Uint8Array(32) };
    policy = await openPolicy(await moduleOf('as', EVERYTHING, facts), { rules });
  }, COMPILER_MS);
  afterAll(() => policy.close());

  async function at(path: string) {
    const { url } = requestEvent().request;
    const bytes = Buffer.from('{"a":[1,"x@y.z"]}');
    const facts = { handle: 1, bytes: bytes.length, sha256: '', contentType: 'application/json', truncated: false };
    const body = { ...facts, form: 'omitted', value: null } as const;
    const event = requestEvent({ url: { ...url, path }, headers: [['x-note', 'grüße 🦙']], body });
    return policy.decide('on_request', event, new Map([[1, bytes]]), { counters: { calls: 7 } });
  }

  it('every function of the host', async () => {
    const { decision, error, logs } = await at('/host');
    expect(error).toBeUndefined();
    expect(decision?.labels).toEqual({
      ip: 'true',
      host: 'true',
      glob: 'true',
      url: 'example.com',
      noUrl: 'false',
      json: '"x@y.z"',
      read: '"a"',
      sha256: 'ca978112',
      pseudonym: 'true',
      scan: '1',
      counter: '7',
    });
    expect(logs).toEqual([{ level: 'info', text: 'asked about api.example.com' }]);
  });

  it('a denial in any alphabet', async () => {
    const expected: Json = { decision: 'deny', code: 'NO_WAY', reason: 'POST 443 grüße 🦙', hint: 'a "hint"' };
    expect((await at('/')).decision).toEqual(expected);
  });

  it('patches and redactions', async () => {
    expect((await at('/modify')).decision).toEqual({
      decision: 'modify',
      reason: 'tested',
      patch: [
        { op: 'setHeader', name: 'x-a', value: '"1"' },
        { op: 'removeHeader', name: 'cookie' },
        { op: 'setQuery', name: 'q', value: 'ä' },
        { op: 'removeQuery', name: 'z' },
        { op: 'setMethod', value: 'PUT' },
        { op: 'json', patch: [{ op: 'remove', path: '/a' }] },
      ],
      redact: [
        { target: 'response', class: 'secret.*', how: 'hash' },
        { target: 'audit', pointer: '/x', how: 'drop' },
      ],
    });
  });

  it('a rate', async () => {
    const limit = { key: 'host:api.example.com', rate: 60, perMs: 60_000, burst: 10, cost: 1 };
    expect((await at('/limit')).decision).toEqual({ decision: 'limit', limit });
  });

  it('a response', async () => {
    const { decision } = await policy.decide('on_response', responseEvent());
    expect(decision?.labels).toEqual({ status: '200', type: 'text/html' });
  });

  it('a failed assertion denies and says where (ORCH-4702)', async () => {
    const { error, logs } = await at('/assert');
    expect(error?.code).toMatch(/^POLICY_(TRAP|GUEST_ERROR)$/);
    expect(logs).toEqual([{ level: 'error', text: expect.stringMatching(/^this cannot be at src\/index\.ts:\d+$/) }]);
  });
});

it.each([
  ['a syntax error', 'export function on_request(): i32 { return }', {}, /does not compile:[\s\S]*src\/index\.ts/],
  ['a hook that is not there', 'export function on_response(): i32 { return 0 }', {}, /exports no on_request/],
  [
    'a function that is not asked for',
    `import { sha256, answer, deny } from '@llama-orch/policy-as';
     export function on_request(): i32 { return answer(deny('A', sha256('a'))); }`,
    {},
    /uses sha256; add it to capabilities/,
  ],
])(
  '%s is an error of the build',
  async (_what, source, facts, message) => {
    await expect(moduleOf('as', source, facts)).rejects.toThrow(message);
  },
  COMPILER_MS,
);

it(
  'the same sources give the same bytes (OC-POLICY-4001)',
  async () => {
    const [first, second] = [await moduleOf('as', COPIER), await moduleOf('as', COPIER)];
    expect(Buffer.from(first).equals(second)).toBe(true);
  },
  COMPILER_MS,
);
