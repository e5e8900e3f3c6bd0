import { fillEvent } from './events/fill-event.js';
import { type ResponseEvent } from './abi.js';
import { ResponseContext } from './context/context.js';
import { allow, deny, limit, modify } from './decisions.js';
import { patch } from './patch.js';
import { redact } from './redact.js';

const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

describe('decisions', () => {
  it('are what the ABI says', () => {
    expect(
      json([allow().label('a', '1'), deny('NO', 'no', { hint: 'ask' }), limit({ key: 'k', rate: 1, perMs: 1000 })]),
    ).toEqual([
      { decision: 'allow', labels: { a: '1' } },
      { decision: 'deny', code: 'NO', reason: 'no', hint: 'ask' },
      { decision: 'limit', limit: { key: 'k', rate: 1, perMs: 1000, burst: 1, cost: 1 } },
    ]);
    expect(json(modify(patch.setHeader('X-Env', 'test'), patch.json({ op: 'remove', path: '/ssn' })))).toEqual({
      decision: 'modify',
      patch: [
        { op: 'setHeader', name: 'x-env', value: 'test' },
        { op: 'json', patch: [{ op: 'remove', path: '/ssn' }] },
      ],
    });
  });

  it('refuse a code that programs could not rely on', () => {
    expect(() => deny('not allowed', 'x')).toThrow('has to be of A-Z, 0-9 and _');
  });

  it('combine so that a deny wins and nothing is lost', () => {
    const hidden = redact.class('secret.*').and(redact.pointer('/user/email', { how: 'drop', target: 'audit' }));
    expect(
      json(
        hidden
          .and(modify(patch.removeHeader('cookie')))
          .label('a', '1')
          .and(allow().label('b', '2')),
      ),
    ).toEqual({
      decision: 'modify',
      patch: [{ op: 'removeHeader', name: 'cookie' }],
      labels: { a: '1', b: '2' },
      redact: [
        { target: 'response', class: 'secret.*', how: 'mask' },
        { target: 'audit', pointer: '/user/email', how: 'drop' },
      ],
    });
    expect(json(hidden.and(deny('NO', 'no')))).toEqual({ decision: 'deny', code: 'NO', reason: 'no' });
    expect(json(deny('NO', 'no').and(allow()))).toEqual({ decision: 'deny', code: 'NO', reason: 'no' });
  });

  it('do not pretend to limit twice, or to limit and modify', () => {
    const rate = limit({ key: 'k', rate: 1, perMs: 1 });
    expect(() => rate.and(rate)).toThrow('one limit');
    expect(() => rate.and(modify(patch.setMethod('GET')))).toThrow('limits or modifies');
  });
});

describe('redaction (OC-POLICY-SDK-4112)', () => {
  const c = new ResponseContext(
    fillEvent('on_response', {
      response: {
        json: { user: { email: 'a@example.com', id: 7 }, notes: ['x'] },
        findings: [{ class: 'email', at: '/body/user/email' }, 'card'],
      },
    }).event as ResponseEvent,
    {},
  );

  it('follows the rules of the operator', () => {
    const config = redact.rules.take([{ class: 'email', how: 'hash' }, { pointer: '/notes' }]);
    expect(redact.byConfig(config).toJSON().redact).toEqual([
      { target: 'response', class: 'email', how: 'hash' },
      { target: 'response', pointer: '/notes', how: 'mask' },
    ]);
  });

  it('asks a hook of the author for each finding', () => {
    const answer = redact.findings(c.findings, ({ class: name }) =>
      name === 'email' ? { how: 'tokenise' } : undefined,
    );
    expect(answer.toJSON().redact).toEqual([{ target: 'response', pointer: '/user/email', how: 'tokenise' }]);
  });

  it('asks a hook of the author for each value, and enters no hidden one', () => {
    const seen: string[] = [];
    const answer = redact.values(c.body, (_, pointer) => {
      seen.push(pointer);
      return pointer === '/user' ? { how: 'drop' } : undefined;
    });
    expect(answer.toJSON().redact).toEqual([{ target: 'response', pointer: '/user', how: 'drop' }]);
    expect(seen).toEqual(['', '/user', '/notes', '/notes/0']);
  });
});
