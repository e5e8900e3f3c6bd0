import { type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { type ArtifactId } from './artifact-id.js';
import { ARTIFACT_KINDS, type ArtifactRow } from './artifact.js';
import { type Collected } from './collector.js';

/** Writes what happens to artifacts into metrics and log. What they say appears in neither. */
export class ArtifactTelemetry {
  constructor(
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    // Series that say 0 can be watched from the start.
    for (const kind of ARTIFACT_KINDS) metrics.artifactPuts.inc({ kind }, 0);
    for (const reason of ['age', 'size']) metrics.artifactsRemoved.inc({ reason }, 0);
  }

  kept({ kind }: ArtifactRow): void {
    this.metrics.artifactPuts.inc({ kind });
  }

  damaged(id: ArtifactId, what: string): void {
    this.logger.error('artifact', `the content of ${id} ${what}`);
  }

  collected({ rows_expired, rows_displaced, blobs_removed, bytes_freed, bytes_kept }: Collected): void {
    this.metrics.artifactsRemoved.inc({ reason: 'age' }, rows_expired);
    this.metrics.artifactsRemoved.inc({ reason: 'size' }, rows_displaced);
    this.metrics.artifactBytes.set(bytes_kept);
    if (rows_expired + rows_displaced + blobs_removed === 0) return;
    const counts = { rows_expired, rows_displaced, blobs_removed, bytes_freed, bytes_kept };
    this.logger.info('artifact', 'artifacts were collected', counts);
  }

  collectionFailed(error: unknown): void {
    this.logger.warn('artifact', 'artifacts could not be collected; it is tried again', { error: String(error) });
  }
}
