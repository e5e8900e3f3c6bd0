import { type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { checkDecision } from './check-decision.js';

function checked(answer: unknown, hook: PolicyHook = 'on_request') {
  return checkDecision(typeof answer === 'string' ? answer : JSON.stringify(answer), hook);
}

const LIMIT = { key: 'host:a', rate: 60, perMs: 60_000, burst: 10, cost: 1 };

describe('A decision', () => {
  it.each([
    [{ decision: 'allow' }],
    [{ decision: 'deny', code: 'HOST_NOT_ALLOWED', reason: 'r', hint: 'h' }],
    [{ decision: 'limit', limit: LIMIT, labels: { team: 'a' } }],
    [{ decision: 'modify', patch: [{ op: 'setHeader', name: 'x-a', value: '1' }] }],
    [{ decision: 'modify', patch: [{ op: 'setUrl', host: 'b.example.com', port: 8080 }] }],
    [{ decision: 'modify', patch: [{ op: 'json', patch: [{ op: 'add', path: '/a', value: null }] }] }],
    [{ decision: 'allow', redact: [{ target: 'audit', pointer: '/request', how: 'mask' }] }],
    [{ decision: 'allow', redact: [{ target: 'response', class: 'secret.*', how: 'drop' }] }],
  ])('is taken as it is: %j', (answer) => {
    expect(checked(answer)).toEqual(answer);
  });

  it('loses members that the ABI does not know, and those that are null', () => {
    const answer = { decision: 'allow', code: null, patch: null, later: 1, labels: {} };
    expect(checked(answer)).toEqual({ decision: 'allow', labels: {} });
  });

  it.each([
    ['nothing', '', 'the answer must be JSON'],
    ['a list', [], 'the answer must be an object'],
    ['no decision', {}, '/decision must be one of allow, deny, modify, limit'],
    ['an unknown decision', { decision: 'ask' }, '/decision must be one of'],
    ['a decision in another case', { decision: 'ALLOW' }, '/decision must be one of'],
    ['a denial without a code', { decision: 'deny' }, '/code must be there'],
    ['a code in lower case', { decision: 'allow', code: 'no' }, '/code must be A-Z, 0-9 and _'],
    ['an endless code', { decision: 'deny', code: 'A'.repeat(65) }, '/code must be'],
    ['an endless reason', { decision: 'allow', reason: 'a'.repeat(1_001) }, '/reason must be at most 1000 characters'],
    ['a reason that is a list', { decision: 'allow', reason: ['a'] }, '/reason must be text'],
    ['a limit without a rate', { decision: 'limit' }, '/limit must be there'],
    ['a limit of no time', { decision: 'limit', limit: { ...LIMIT, perMs: 0 } }, '/limit/perMs must be a number'],
    ['a limit of no number', { decision: 'limit', limit: { ...LIMIT, rate: '60' } }, '/limit/rate must be a number'],
    ['labels of numbers', { decision: 'allow', labels: { a: 1 } }, '/labels/a must be text'],
    ['an odd label', { decision: 'allow', labels: { 'a b': 'x' } }, '/labels must be named'],
    ['an unknown patch', { decision: 'modify', patch: [{ op: 'setBody' }] }, '/patch/0/op must be one of'],
    [
      'a patch of a task',
      { decision: 'modify', patch: [{ op: 'setPriority', value: 'batch' }] },
      '/patch/0/op must be',
    ],
    ['a patch without a name', { decision: 'modify', patch: [{ op: 'removeHeader' }] }, '/patch/0/name must be text'],
    [
      'a patch with an unknown json op',
      { decision: 'modify', patch: [{ op: 'json', patch: [{ op: 'eval', path: '' }] }] },
      '/patch/0/patch/0/op must be one of',
    ],
    [
      'a patch without a value',
      { decision: 'modify', patch: [{ op: 'json', patch: [{ op: 'add', path: '/a' }] }] },
      '/patch/0/patch/0/value must be there',
    ],
    [
      'a value that is nested without end',
      `{"decision":"modify","patch":[{"op":"json","patch":[{"op":"add","path":"/a","value":${'['.repeat(70)}${']'.repeat(70)}}]}]}`,
      'nested at most 64 levels',
    ],
    [
      '65 patches',
      { decision: 'modify', patch: Array(65).fill({ op: 'removeQuery', name: 'a' }) },
      '/patch must be at most 64',
    ],
    [
      'a redaction of nothing',
      { decision: 'allow', redact: [{ target: 'audit', how: 'mask' }] },
      '/redact/0/class must be',
    ],
    [
      'a redaction by magic',
      { decision: 'allow', redact: [{ target: 'audit', class: 'a', how: 'wish' }] },
      '/redact/0/how',
    ],
  ])('is refused for %s', (_, answer, message) => {
    expect(() => checked(answer)).toThrow(message);
  });

  it('limits and patches what its hook has', () => {
    const header = { decision: 'modify', patch: [{ op: 'setHeader', name: 'x-a', value: '1' }] };
    const label = { decision: 'modify', patch: [{ op: 'setLabel', name: 'team', value: 'a' }] };
    expect(checked(header, 'on_response')).toEqual(header);
    expect(checked(label, 'on_admission')).toEqual(label);
    expect(() => checked(header, 'on_admission')).toThrow('/patch/0/op must be one of setPriority, setLabel');
    expect(() => checked({ decision: 'limit', limit: LIMIT }, 'on_response')).toThrow('/decision must be one of');
    expect(() => checked({ decision: 'allow', limit: LIMIT }, 'on_admission')).toThrow('/limit must be left out here');
  });
});
