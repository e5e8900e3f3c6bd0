import { SecretRedactor } from '../observability/redaction/secret-redactor.js';
import { draftOf, sealRecord } from './row.js';

const redactor = new SecretRedactor({ secrets: ['correct-horse-battery'], patterns: [], pii: false });
const sealed = (record: Parameters<typeof sealRecord>[0]): unknown => JSON.parse(sealRecord(record, redactor).text);

describe('A record that is sealed', () => {
  it('stays as it is where there is nothing to hide, and can be decided again (ORCH-4704)', () => {
    const record = { kind: 'policy', event: { path: '/a' }, not_replayable: null };
    expect(sealed(record)).toEqual(record);
  });

  it('says that it cannot be decided again where redaction hid a part of it (ORCH-3037)', () => {
    expect(sealed({ kind: 'policy', event: { path: '/correct-horse-battery' }, not_replayable: null })).toEqual({
      kind: 'policy',
      event: { path: '/[redacted]' },
      not_replayable: 'the redaction of the audit hides a part of the record',
    });
  });

  it('keeps the reason that it came with (ORCH-3037)', () => {
    const record = { note: 'correct-horse-battery', not_replayable: 'a policy saw secrets' };
    expect(sealed(record)).toEqual({ ...record, note: '[redacted]' });
    expect(sealed({ note: 'correct-horse-battery' })).toEqual({ note: '[redacted]' });
  });
});

describe('A row', () => {
  const entry = { actor: 'a', tenant: 't', action: 'tool.request', target: 'h', decision: 'allow' } as const;
  const draft = (more: object) => draftOf({ ...entry, correlation_id: null, ...more }, 1, null, redactor);

  it('says for which session and task it is, and null where there is none (ORCH-4704)', () => {
    expect(draft({ session_id: 's-1', task_id: 't-1' })).toMatchObject({ session_id: 's-1', task_id: 't-1' });
    expect(draft({})).toMatchObject({ session_id: null, task_id: null });
  });
});
