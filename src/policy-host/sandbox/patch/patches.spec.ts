import { type JsonPatchOp, type PatchOp, type PolicyEvent } from '@llama-orch/policy-sdk/abi';
import { admissionEvent, requestEvent, responseEvent } from '../../../../test/policy/events.js';
import { patchedJson } from './json-patch.js';
import { applyPatches, type Patched } from './patches.js';

function patched(event: PolicyEvent, ...patches: PatchOp[]): PolicyEvent {
  return applyPatches({ event, bodies: new Map(), body: undefined }, patches).event;
}

/** The request after the patches. */
function request(...patches: PatchOp[]) {
  const headers = [
    ['accept', '*/*'],
    ['cookie', 'a=b'],
    ['x-a', '1'],
    ['x-a', '2'],
  ] as const;
  const event = patched(requestEvent({ headers }), ...patches);
  return (event as ReturnType<typeof requestEvent>).request;
}

describe('Patches of headers', () => {
  it('set one in the place of all of its name, add new ones at the end, and remove', () => {
    const { headers } = request(
      { op: 'setHeader', name: 'X-A', value: '3' },
      { op: 'setHeader', name: 'x-b', value: 'ü' },
      { op: 'removeHeader', name: 'Cookie' },
    );
    expect(headers).toEqual([
      ['accept', '*/*'],
      ['x-a', '3'],
      ['x-b', 'ü'],
    ]);
  });

  it.each([
    ['host', 'evil.example.com', 'may not change host'],
    ['Transfer-Encoding', 'chunked', 'may not change transfer-encoding'],
    ['content-length', '0', 'may not change content-length'],
    ['connection', 'close', 'may not change connection'],
    ['proxy-authorization', 'x', 'may not change proxy-authorization'],
    ['authorization', 'Bearer x', 'may not set authorization'],
    ['cookie', 'a=b', 'may not set cookie'],
    ['x-a', 'a\r\nx-b: c', 'a value that headers cannot have'],
    ['x-a', 'a\nb', 'a value that headers cannot have'],
    ['x-a', 'a\0b', 'a value that headers cannot have'],
    ['x-a', '€', 'a value that headers cannot have'],
    ['x a', 'b', 'as headers cannot be named'],
    ['x-a:', 'b', 'as headers cannot be named'],
    ['', 'b', 'as headers cannot be named'],
  ])('do not set %s to %j', (name, value, message) => {
    expect(() => request({ op: 'setHeader', name, value })).toThrow(message);
  });

  it('remove no header that frames the message, and make no more than 64', () => {
    expect(() => request({ op: 'removeHeader', name: 'host' })).toThrow('may not change host');
    const many = Array.from({ length: 64 }, (_, at) => ({ op: 'setHeader' as const, name: `x-${at}`, value: '' }));
    expect(() => request(...many)).toThrow('more than 64 headers');
  });

  it('work on the headers of a response too', () => {
    const event = patched(responseEvent(), { op: 'setHeader', name: 'content-type', value: 'text/plain' });
    expect(event).toMatchObject({ response: { headers: [['content-type', 'text/plain']] } });
    expect(() => patched(responseEvent(), { op: 'setMethod', value: 'GET' })).toThrow('no patch of a response');
  });
});

describe('Patches of method and URL', () => {
  it('set what they may', () => {
    expect(request({ op: 'setMethod', value: 'PUT' }).method).toBe('PUT');
    expect(() => request({ op: 'setMethod', value: 'CONNECT' })).toThrow('setMethod names none of');
    expect(
      request({ op: 'setQuery', name: 'q', value: '2' }, { op: 'setQuery', name: 'r', value: '' }).url.query,
    ).toEqual([
      ['q', '2'],
      ['r', ''],
    ]);
    expect(request({ op: 'removeQuery', name: 'q' }).url.query).toEqual([]);
  });

  it.each<[Omit<Extract<PatchOp, { op: 'setUrl' }>, 'op'>, object]>([
    [{ host: 'B.Example.COM' }, { scheme: 'https', host: 'b.example.com', port: 443, path: '/v1/x' }],
    [{ scheme: 'http' }, { scheme: 'http', host: 'api.example.com', port: 80 }],
    [{ port: 8443 }, { scheme: 'https', port: 8443 }],
    [{ host: 'bücher.example' }, { host: 'xn--bcher-kva.example' }],
    [{ host: '0x7f.1' }, { host: '127.0.0.1', ipLiteral: true }],
    [{ host: '::1' }, { host: '::1', ipLiteral: true }],
    [{ path: '/a/../b' }, { path: '/b' }],
  ])('read a new URL as the host reads any: %j', (parts, expected) => {
    expect(request({ op: 'setUrl', ...parts }).url).toMatchObject({ query: [['q', '1']], ...expected });
  });

  it('forget the addresses of a host that is no more called', () => {
    expect(request({ op: 'setUrl', host: 'b.example.com' }).addresses).toEqual([]);
    expect(request({ op: 'setUrl', path: '/b' }).addresses).toHaveLength(1);
  });

  it.each([
    [{ host: 'u:p@b.example.com' }],
    [{ host: 'b.example.com/x' }],
    [{ host: 'b.example.com\\@c' }],
    [{ host: 'b.example.com:80' }],
    [{ host: '' }],
    [{ host: 'a b' }],
    [{ path: 'x' }],
    [{ path: '/x?y' }],
    [{ path: '/x#y' }],
    [{ path: '\\x' }],
  ])('refuse a part that would be more than itself: %j', (parts) => {
    expect(() => request({ op: 'setUrl', ...parts })).toThrow('setUrl');
  });

  it('relabel a task and change its priority', () => {
    const event = patched(
      admissionEvent({ labels: { team: 'a' } }),
      { op: 'setPriority', value: 'batch' },
      { op: 'setLabel', name: 'cost', value: 'low' },
    );
    expect(event).toMatchObject({ admission: { priority: 'batch', labels: { team: 'a', cost: 'low' } } });
  });
});

describe('A json patch', () => {
  const run = (document: unknown, ...patch: JsonPatchOp[]): unknown => patchedJson(document as never, patch);

  it.each<[unknown, JsonPatchOp, unknown]>([
    [{ a: 1 }, { op: 'add', path: '/b', value: 2 }, { a: 1, b: 2 }],
    [{ a: [1, 3] }, { op: 'add', path: '/a/1', value: 2 }, { a: [1, 2, 3] }],
    [[1], { op: 'add', path: '/-', value: 2 }, [1, 2]],
    [{ a: 1 }, { op: 'add', path: '', value: [] }, []],
    [{ a: 1, b: 2 }, { op: 'remove', path: '/a' }, { b: 2 }],
    [[1, 2], { op: 'remove', path: '/0' }, [2]],
    [{ a: { b: 1 } }, { op: 'replace', path: '/a/b', value: null }, { a: { b: null } }],
    [[1, 2], { op: 'replace', path: '/1', value: 3 }, [1, 3]],
    [{ a: 1 }, { op: 'move', from: '/a', path: '/b' }, { b: 1 }],
    [{ a: { b: 1 } }, { op: 'copy', from: '/a', path: '/c' }, { a: { b: 1 }, c: { b: 1 } }],
    [{ 'a/b': 1, '~': 2 }, { op: 'remove', path: '/a~1b' }, { '~': 2 }],
    [{ a: 1 }, { op: 'test', path: '/a', value: 1 }, { a: 1 }],
  ])('turns %j by %j into %j', (document, op, expected) => {
    expect(run(document, op)).toEqual(expected);
  });

  it.each<[unknown, JsonPatchOp, string]>([
    [{ a: 1 }, { op: 'remove', path: '/b' }, 'a place that is not there'],
    [{ a: 1 }, { op: 'replace', path: '/b', value: 1 }, 'a place that is not there'],
    [{ a: 1 }, { op: 'add', path: '/b/c', value: 1 }, 'a place that is not there'],
    [[1], { op: 'add', path: '/2', value: 1 }, 'a place that is not there'],
    [[1], { op: 'add', path: '/01', value: 1 }, 'a place that is not there'],
    [[1], { op: 'remove', path: '/-' }, 'a place that is not there'],
    [{ a: 1 }, { op: 'test', path: '/a', value: 2 }, 'does not hold'],
    [{ a: {} }, { op: 'move', from: '/a', path: '/a/b' }, 'into itself'],
    [{ a: 1 }, { op: 'add', path: 'a', value: 1 }, 'no JSON Pointer'],
    [{ a: 1 }, { op: 'add', path: '/~2', value: 1 }, 'no JSON Pointer'],
    [{ a: 1 }, { op: 'remove', path: '' }, 'the whole document'],
    [{}, { op: 'remove', path: '/constructor' }, 'a place that is not there'],
    [{}, { op: 'add', path: '/constructor/prototype/x', value: 1 }, 'a place that is not there'],
  ])('does not turn %j by %j', (document, op, message) => {
    expect(() => run(document, op)).toThrow(message);
  });

  it('treats __proto__ as a name like others', () => {
    const document = run({}, { op: 'add', path: '/__proto__', value: { x: 1 } });
    expect(JSON.stringify(document)).toBe('{"__proto__":{"x":1}}');
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('does not double without end', () => {
    const doubling = Array.from({ length: 64 }, (_, at) => ({ op: 'copy' as const, from: '', path: `/${at}` }));
    expect(() => run({ a: 'x'.repeat(1_000) }, ...doubling)).toThrow('copies too much');
  });

  it('leaves the document as it was', () => {
    const document = { a: { b: [1] } };
    run(document, { op: 'add', path: '/a/b/-', value: 2 });
    expect(document).toEqual({ a: { b: [1] } });
  });
});

describe('A json patch of a body', () => {
  const bytes = new TextEncoder().encode('{"ssn": "1", "a": 1.50}');
  const body = {
    handle: 4,
    bytes: bytes.length,
    sha256: 'x',
    contentType: 'application/json',
    form: 'json',
    value: { ssn: '1', a: 1.5 },
    truncated: false,
  } as const;
  const op: PatchOp = { op: 'json', patch: [{ op: 'remove', path: '/ssn' }] };

  it('writes the bytes anew, and the facts of the body with them', () => {
    const before: Patched = { event: requestEvent({ body }), bodies: new Map([[4, bytes]]), body: undefined };
    const after = applyPatches(before, [op]);
    expect(new TextDecoder().decode(after.body)).toBe('{"a":1.5}');
    expect(after.bodies.get(4)).toBe(after.body);
    expect(before.bodies.get(4)).toBe(bytes);
    expect(after.event).toMatchObject({
      request: {
        body: {
          bytes: 9,
          value: { a: 1.5 },
          sha256: '3b1cb40b22933d83e9242f8ac724f114d812ddd49909917b365375c24b69a455',
        },
      },
    });
  });

  it.each([
    ['no body', requestEvent(), new Map()],
    ['a body whose bytes are not there', requestEvent({ body }), new Map()],
    ['a body that is not JSON', requestEvent({ body }), new Map([[4, new TextEncoder().encode('{')]])],
    ['a body that is not text', requestEvent({ body }), new Map([[4, Uint8Array.of(0xff)]])],
    ['a task', admissionEvent(), new Map()],
  ])('is refused for %s', (_, event, bodies) => {
    expect(() => applyPatches({ event, bodies, body: undefined }, [op])).toThrow('json patches a body that is not');
  });
});
