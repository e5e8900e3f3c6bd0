import { LoadFailure } from './load-failure.js';
import { toldCause } from './told-cause.js';

const caused = (cause: unknown) => new Error('No sandbox worker starts.', { cause });

describe('the cause of a policy that does not start', () => {
  it('is told by its name and message, from however deep it comes (ORCH-4702)', () => {
    const root = new SyntaxError('The requested module has no export named x');
    expect(toldCause(caused(new Error('lost', { cause: root })))).toBe(
      'SyntaxError: The requested module has no export named x',
    );
    const failure = new LoadFailure('start', 'No sandbox worker starts.', {
      code: 'POLICY_UNAVAILABLE',
      cause: caused(root),
    });
    expect(failure.sentence).toBe(
      'start: No sandbox worker starts. (POLICY_UNAVAILABLE); SyntaxError: The requested module has no export named x',
    );
  });

  it.each([
    ["Cannot find module '/srv/app/dist/worker.js'", "Error: Cannot find module 'worker.js'"],
    ['ENOENT: open file:///home/ann/secret/x.mjs', 'Error: ENOENT: open x.mjs'],
    ['no C:\\Users\\ann\\x.js at all', 'Error: no x.js at all'],
    ['two\nlines \u001b[31m and a \u202e trick', 'Error: two lines  [31m and a   trick'],
  ])('names no folder of the machine and steers no terminal: %j (ORCH-4702)', (message, told) => {
    expect(toldCause(caused(new Error(message)))).toBe(told);
  });

  it('is short, and is not told twice (ORCH-4702)', () => {
    expect(toldCause(caused(new Error('x'.repeat(5_000))))).toHaveLength(200);
    expect(toldCause(caused(new Error('No sandbox worker')))).toBe('');
    expect(toldCause(new Error('alone'))).toBe('');
    expect(toldCause(caused('no error'))).toBe('');
  });
});
