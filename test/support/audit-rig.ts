import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEntry, type AuditLog } from '../../src/audit/audit-log.js';
import { type Anchor, type Verdict, verifyLog } from '../../src/audit/verify.js';
import { type Config } from '../../src/config/index.js';
import { type Clock } from '../../src/kernel/clock.js';
import { Metrics } from '../../src/observability/metrics.js';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';
import { type OpenFile } from '../../src/persistence/audit/append-file.js';
import { readKeys } from '../../src/persistence/audit/key-files.js';
import { logOnDisk } from '../../src/persistence/audit/log-on-disk.js';
import { newAuditFiles } from '../../src/persistence/audit/new-audit-files.js';
import { auditPlaces } from '../../src/persistence/audit/places.js';
import { FakeClock } from './fake-clock.js';
import { QuietLogger } from './quiet-logger.js';

const USUAL: Config['audit'] = { retention_days: 90, records: true, checkpoint_rows: 1_000, checkpoint_ms: 300_000 };

/** What a test may change about a log. */
export interface AuditRigOptions {
  readonly config?: Partial<Config['audit']>;
  readonly secrets?: readonly string[];
  readonly open?: OpenFile;
  readonly clock?: Clock;
}

/** A data folder with an audit in it, which can be opened, closed, and meddled with. */
export class AuditRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'llama-orch-audit-'));
  readonly places = auditPlaces(this.folder);
  readonly clock = new FakeClock();
  readonly logger = new QuietLogger();
  metrics = new Metrics();
  private readonly opened: AuditLog[] = [];

  async open({ config, secrets = [], open, clock = this.clock }: AuditRigOptions = {}): Promise<AuditLog> {
    this.metrics = new Metrics();
    const redactor = new SecretRedactor({ secrets, patterns: [], pii: false });
    const ports = { clock, logger: this.logger, metrics: this.metrics, redactor };
    const settings = { ...USUAL, ...config };
    const log = await newAuditFiles(this.folder, settings, open === undefined ? ports : { ...ports, open });
    this.opened.push(log);
    return log;
  }

  verify(anchor?: Anchor): Promise<Verdict> {
    return verifyLog(logOnDisk(this.places), readKeys(this.places.keys), anchor);
  }

  /** Logs that a test left open, as a crash would, let go of their files. */
  async remove(): Promise<void> {
    await Promise.all(this.opened.map((log) => log.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A tool call that was allowed. */
export function toolCall(number = 1, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    ...{ actor: 'agent', tenant: 'default', action: 'tool.request', target: 'example.com', decision: 'allow' },
    ...{
      plugin: 'allow-hosts',
      version: '1.0.0',
      url: `https://example.com/page/${number}`,
      latency_us: 120,
      fuel: 4_242,
    },
    ...{ correlation_id: `call-${number}`, decision_id: `decision-${number}` },
    ...more,
  };
}
