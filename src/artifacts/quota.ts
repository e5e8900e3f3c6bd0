import { AppError } from '../kernel/errors.js';
import { type ArtifactRows } from './artifact-rows.js';
import { type ArtifactRow } from './artifact.js';

/** Room is made by the retention alone, so that asking again soon is of no use. */
const RETRY_MS = 60_000;

/** How much one tenant may keep. */
export class Quota {
  /** Bytes of puts that are under way. */
  private readonly pending = new Map<string, number>();

  /** @param most bytes; 0 = any */
  constructor(
    private readonly most: number,
    private readonly rows: ArtifactRows,
  ) {}

  /** Runs `keep` when its content fits. @throws AppError 429 when it does not */
  async within<Kept>(row: Omit<ArtifactRow, 'seq'>, keep: () => Promise<Kept>): Promise<Kept> {
    if (this.most === 0) return keep();
    const { tenantId, id, sizeBytes } = row;
    this.reserve(tenantId, sizeBytes);
    try {
      const isNew = !(await this.rows.has(tenantId, id));
      const used = await this.rows.bytesOf(tenantId);
      if (isNew && used + this.pending.get(tenantId)! > this.most) throw this.exceeded(used, sizeBytes);
      return await keep();
    } finally {
      this.reserve(tenantId, -sizeBytes);
    }
  }

  private reserve(tenantId: string, bytes: number): void {
    const left = (this.pending.get(tenantId) ?? 0) + bytes;
    if (left === 0) this.pending.delete(tenantId);
    else this.pending.set(tenantId, left);
  }

  private exceeded(used: number, wanted: number): AppError {
    const hint = `${used} of ${this.most} bytes are used and this one takes ${wanted}; wait until the retention has made room`;
    return new AppError('QUOTA_EXCEEDED', `the artifacts of this tenant have no room left: ${hint}`, {
      members: {
        retry_after_ms: RETRY_MS,
        policy_label: 'reject',
        limit: { name: 'artifacts.tenant_max_bytes', value: this.most, used },
      },
    });
  }
}
