import { type ArtifactRows } from '../../src/artifacts/artifact-rows.js';
import { ArtifactTelemetry } from '../../src/artifacts/artifact-telemetry.js';
import { type NewArtifact } from '../../src/artifacts/artifact.js';
import { Artifacts } from '../../src/artifacts/artifacts.js';
import { type Blobs } from '../../src/artifacts/blobs.js';
import { Collector, type CollectorSettings } from '../../src/artifacts/collector.js';
import { Holds } from '../../src/artifacts/holds.js';
import { Quota } from '../../src/artifacts/quota.js';
import { Metrics } from '../../src/observability/metrics.js';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';
import { FakeClock } from './fake-clock.js';
import { QuietLogger } from './quiet-logger.js';

const KEEP_ALL: CollectorSettings = {
  ...{ maxAgeDays: 0, traceMaxAgeDays: 0, maxTotalBytes: 0, intervalMs: 3_600_000, graceMs: 600_000 },
};

/** The room of artifacts on whatever ports. */
export class ArtifactRig {
  readonly clock = new FakeClock();
  readonly metrics = new Metrics();
  readonly artifacts: Artifacts;
  readonly collector: Collector;

  constructor(
    readonly rows: ArtifactRows,
    readonly blobs: Blobs,
    settings: Partial<CollectorSettings> = {},
    tenantMaxBytes = 0,
  ) {
    const { clock } = this;
    const holds = new Holds();
    const telemetry = new ArtifactTelemetry(this.metrics, new QuietLogger());
    const quota = new Quota(tenantMaxBytes, rows);
    const redactor = new SecretRedactor({ secrets: [], patterns: [], pii: false });
    this.artifacts = new Artifacts({ rows, blobs, holds, quota, clock, redactor, telemetry });
    this.collector = new Collector({ rows, blobs, holds, clock, telemetry }, { ...KEEP_ALL, ...settings });
  }
}

/** A plan that says `text`. */
export function artifact(text: string, more: Partial<NewArtifact> = {}): NewArtifact {
  return { tenantId: 'default', kind: 'plan', content: { text }, tags: [], parent: undefined, metadata: {}, ...more };
}
