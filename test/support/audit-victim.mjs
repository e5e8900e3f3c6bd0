// Appends rows to the audit of a folder until it is killed, and prints each number that was acknowledged with the call's own:
// node test/support/audit-victim.mjs <data folder> <first call>
import { writeSync } from 'node:fs';
import { Metrics } from '../../dist/observability/metrics.js';
import { SecretRedactor } from '../../dist/observability/redaction/secret-redactor.js';
import { SystemClock } from '../../dist/kernel/clock.js';
import { newAuditFiles } from '../../dist/persistence/audit/new-audit-files.js';

const WRITERS = 8;
const [folder, first] = process.argv.slice(2);
const config = { retention_days: 90, records: true, checkpoint_rows: 50, checkpoint_ms: 20 };
const logger = { log() {}, info() {}, warn() {}, error() {} };
const redactor = new SecretRedactor({ secrets: [], patterns: [], pii: false });
const log = await newAuditFiles(folder, config, { clock: new SystemClock(), logger, metrics: new Metrics(), redactor });

let next = Number(first);

async function write() {
  for (;;) {
    const call = next++;
    const entry = {
      ...{ actor: 'agent', tenant: 'default', action: 'tool.request', target: 'example.com', decision: 'allow' },
      ...{ url: `https://example.com/${'x'.repeat(call % 700)}`, correlation_id: `call-${call}` },
    };
    const seq = await log.append(entry, call % 3 === 0 ? { call, body: 'y'.repeat((call * 37) % 3_000) } : undefined);
    writeSync(1, `${seq} ${call}\n`);
  }
}

await Promise.all(Array.from({ length: WRITERS }, write));
