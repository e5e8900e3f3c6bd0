import fc from 'fast-check';
import { type JsonPatchOp } from '@llama-orch/policy-sdk/abi';
import { patchedJson } from '../../policy-host/sandbox/patch/json-patch.js';
import { exactBody } from './exact-body.js';

/** What the sandbox makes of a body, and what is sent then. */
function sent(written: string, ...patch: JsonPatchOp[]): string {
  return exactBody(written, JSON.stringify(patchedJson(JSON.parse(written) as never, patch)));
}

const ODD = '9007199254740993, 1e400, -0, 1.10, "\\u0041\\/", {"x":1,"x":2}';

describe('a body that a policy patched', () => {
  it.each<[string, string, JsonPatchOp, string]>([
    ['a member', `{"a":1,"b":[${ODD}]}`, { op: 'replace', path: '/a', value: 2 }, `{"b":[${ODD}],"a":2}`],
    ['a new member', `{"b":[${ODD}]}`, { op: 'add', path: '/a', value: null }, `{"b":[${ODD}],"a":null}`],
    ['a member less', `{ "b" : [${ODD}] , "a":1}`, { op: 'remove', path: '/a' }, `{"b":[${ODD}]}`],
    [
      'a moved member',
      '{"a":{"n":1},"n":9007199254740993}',
      { op: 'remove', path: '/a/n' },
      '{"a":{},"n":9007199254740993}',
    ],
    ['an item', `[1,${ODD}]`, { op: 'replace', path: '/0', value: 'x' }, `["x",${ODD.replaceAll(', ', ',')}]`],
    ['a new item', `[${ODD}]`, { op: 'add', path: '/0', value: 0 }, `[0,${ODD.replaceAll(', ', ',')}]`],
    ['an item less', `[${ODD}, 7]`, { op: 'remove', path: '/6' }, `[${ODD.replaceAll(', ', ',')}]`],
    ['nothing', ` { "a" : [ ${ODD} ] } `, { op: 'test', path: '/a/3', value: 1.1 }, `{ "a" : [ ${ODD} ] }`],
  ])('differs by %s alone (OC-POLICY-4031)', (_what, written, op, expected) => {
    expect(sent(written, op)).toBe(expected);
  });

  it('keeps what is exact in an item that was changed, although others were put before it (OC-POLICY-4031)', () => {
    expect(
      sent(
        '[{"id":9007199254740993,"a":1},{"id":9007199254740995,"a":1}]',
        { op: 'replace', path: '/1/a', value: 2 },
        { op: 'add', path: '/0', value: {} },
      ),
    ).toBe('[{},{"id":9007199254740993,"a":1},{"id":9007199254740995,"a":2}]');
  });

  it('is refused where a name stands twice in what is changed, and nowhere else (OC-POLICY-4031)', () => {
    const twice = '{"a":1,"a":2,"b":{"c":3}}';
    expect(() => sent(twice, { op: 'replace', path: '/b/c', value: 4 })).toThrow('a name stands twice');
    expect(() => sent(twice, { op: 'remove', path: '/a' })).toThrow('a name stands twice');
    expect(sent(`{"in":${twice},"x":1}`, { op: 'replace', path: '/x', value: 2 })).toBe(`{"in":${twice},"x":2}`);
  });

  it('means what the patch made of it, whatever it was (OC-POLICY-4031)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.nat(7),
        fc.nat(7),
        fc.jsonValue(),
        (list, at, to, value) => {
          const patch = [
            { op: 'add', path: `/${Math.min(at, list.length)}`, value: value as never },
            { op: 'remove', path: `/${Math.min(to, list.length)}` },
            { op: 'add', path: '/-', value: 'end' },
          ] as const;
          const written = JSON.stringify(list, null, 1);
          const meant = JSON.stringify(patchedJson(JSON.parse(written) as never, patch));
          expect(JSON.stringify(JSON.parse(sent(written, ...patch)))).toBe(meant);
        },
      ),
    );
  });
});
