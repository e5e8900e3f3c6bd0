import { settle } from '../test/support/fake-clock.js';
import { QuietLogger } from '../test/support/quiet-logger.js';
import { type AuditEntry } from './audit/audit-log.js';
import { auditPolicies } from './policy-audit.js';
import { type PolicyStatus } from './policy-host/policies.js';
import { PolicyNews, type PolicyNewsItem } from './policy-host/policy-news.js';

const SOURCE = { id: 'acme', source: 'acme.wasm', version: '1.0.0', digest: 'sha256:0' };
const policy: PolicyStatus = {
  ...SOURCE,
  hooks: ['on_request'],
  mode: 'enforce',
  state: 'quarantined',
  loadMs: 1,
  error: 'it is tried again in 60 s',
};

/** The rows that an item leaves. */
function rowsOf(item: PolicyNewsItem): AuditEntry[] {
  const news = new PolicyNews();
  const rows: AuditEntry[] = [];
  auditPolicies(news, { append: (entry) => Promise.resolve(rows.push(entry)) }, new QuietLogger());
  news.tell(item);
  return rows;
}

describe('The audit of policies', () => {
  it.each<readonly [PolicyNewsItem, Partial<AuditEntry>]>([
    [
      { type: 'loaded', policy },
      { action: 'policy.load', decision: 'ok' },
    ],
    [
      { type: 'swapped', policy, before: 'sha256:1' },
      { action: 'policy.swap', decision: 'ok', reason: 'in place of sha256:1' },
    ],
    [
      { type: 'not-swapped', policy },
      { action: 'policy.swap', decision: 'failed', reason: 'it is tried again in 60 s' },
    ],
    [
      { type: 'quarantined', policy },
      { action: 'policy.quarantine', code: 'QUARANTINED', reason: 'it is tried again in 60 s' },
    ],
    [
      { type: 'restored', policy },
      { action: 'policy.quarantine', decision: 'ok', code: 'RESTORED' },
    ],
  ])('has a row for %j (ORCH-4704)', (item, row) => {
    expect(rowsOf(item)).toEqual([expect.objectContaining({ ...row, target: 'acme', digest: 'sha256:0' })]);
  });

  it('says in the log what it could not record (ORCH-4704)', async () => {
    const news = new PolicyNews();
    const logger = new QuietLogger();
    auditPolicies(news, { append: () => Promise.reject(new Error('the disk is full')) }, logger);
    news.tell({ type: 'restored', policy });
    await settle();
    expect(logger.of('policy')).toMatchObject([
      { level: 'error', message: expect.stringContaining('the disk is full') },
    ]);
  });
});
