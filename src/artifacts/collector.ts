import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type ArtifactId } from './artifact-id.js';
import { type ArtifactRows } from './artifact-rows.js';
import { type ArtifactTelemetry } from './artifact-telemetry.js';
import { type Blobs } from './blobs.js';
import { type Holds } from './holds.js';
import { ageLimits, displacedRows, type RetentionSettings } from './retention.js';

export interface CollectorSettings extends RetentionSettings {
  /** Between two collections. */
  readonly intervalMs: number;
  /** From the moment a content was found without a row to its removal, at least. */
  readonly graceMs: number;
}

export interface CollectorPorts {
  readonly rows: ArtifactRows;
  readonly blobs: Blobs;
  readonly holds: Holds;
  readonly clock: Clock;
  readonly telemetry: ArtifactTelemetry;
}

/** What one collection did; names as on the wire. */
export interface Collected {
  readonly rows_expired: number;
  readonly rows_displaced: number;
  readonly blobs_removed: number;
  /** Contents without a row whose grace is not over. */
  readonly blobs_waiting: number;
  readonly bytes_freed: number;
  /** Of all contents that rows refer to. */
  readonly bytes_kept: number;
}

const ROWS_AT_ONCE = 200;

/** Ends what is kept too long or is too much, and then removes contents that no row refers to: marked first, swept later. */
export class Collector {
  /** Contents without a row, and since when that is known. Monotonic ms. */
  private readonly marks = new Map<ArtifactId, number>();
  private running: Promise<Collected> | undefined;
  private cancelTimer: CancelTimer | undefined;
  private isStopped = false;

  constructor(
    private readonly ports: CollectorPorts,
    private readonly settings: CollectorSettings,
  ) {}

  /** Collects from now on at each interval, and once more when the grace of what was marked is over. */
  start(): void {
    this.plan(this.settings.intervalMs);
  }

  /** Breaks off what is under way; settles once nothing is any more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelTimer?.();
    await this.running?.catch(() => {});
  }

  /** Who asks while a collection runs gets the result of that one. @throws AppError when store or disk do not take part */
  collect(): Promise<Collected> {
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  private plan(delayMs: number): void {
    if (this.isStopped) return;
    this.cancelTimer = this.ports.clock.schedule(delayMs, () => void this.collectAndPlan());
  }

  private async collectAndPlan(): Promise<void> {
    await this.collect().catch((error: unknown) => this.ports.telemetry.collectionFailed(error));
    const { intervalMs, graceMs } = this.settings;
    this.plan(this.marks.size > 0 ? Math.min(intervalMs, Math.max(graceMs, 1_000)) : intervalMs);
  }

  private async run(): Promise<Collected> {
    const rows_expired = await this.endOld();
    const rows_displaced = await this.makeRoom();
    await this.mark();
    const swept = await this.sweep();
    const collected: Collected = {
      ...{ rows_expired, rows_displaced, ...swept, blobs_waiting: this.marks.size },
      bytes_kept: await this.ports.rows.allBytes(),
    };
    this.ports.telemetry.collected(collected);
    return collected;
  }

  private async endOld(): Promise<number> {
    const { rows, clock } = this.ports;
    let count = 0;
    for (const [kind, beforeMs] of ageLimits(this.settings, clock.epochMs())) {
      while (!this.isStopped) {
        const seqs = await rows.expired(kind, beforeMs, ROWS_AT_ONCE);
        if (seqs.length === 0) break;
        await rows.remove(seqs);
        count += seqs.length;
      }
    }
    return count;
  }

  private async makeRoom(): Promise<number> {
    const { rows } = this.ports;
    const { maxTotalBytes } = this.settings;
    if (maxTotalBytes === 0) return 0;
    let [count, afterSeq] = [0, 0];
    while (!this.isStopped) {
      const excess = (await rows.allBytes()) - maxTotalBytes;
      if (excess <= 0) break;
      const oldest = await rows.oldest(afterSeq, ROWS_AT_ONCE);
      if (oldest.length === 0) break;
      const { seqs } = displacedRows(oldest, excess);
      await rows.remove(seqs);
      count += seqs.length;
      afterSeq = seqs.at(-1)!;
    }
    return count;
  }

  private async mark(): Promise<void> {
    const { rows, blobs, clock } = this.ports;
    const unreferenced = new Set<ArtifactId>();
    for await (const ids of blobs.all()) {
      if (this.isStopped) return;
      for (const id of await rows.unreferenced(ids)) unreferenced.add(id);
    }
    for (const id of this.marks.keys()) if (!unreferenced.has(id)) this.marks.delete(id);
    for (const id of unreferenced) if (!this.marks.has(id)) this.marks.set(id, clock.now());
  }

  private async sweep(): Promise<Pick<Collected, 'blobs_removed' | 'bytes_freed'>> {
    const dueBefore = this.ports.clock.now() - this.settings.graceMs;
    let [blobs_removed, bytes_freed] = [0, 0];
    for (const [id, since] of this.marks) {
      if (this.isStopped) break;
      if (since > dueBefore || !(await this.removeUnused(id, (bytes) => (bytes_freed += bytes)))) continue;
      blobs_removed++;
    }
    return { blobs_removed, bytes_freed };
  }

  /** Whether a row refers to it is asked again while nobody can add one. */
  private async removeUnused(id: ArtifactId, freed: (bytes: number) => void): Promise<boolean> {
    const { rows, blobs, holds } = this.ports;
    return holds.unlessUsed(id, async () => {
      const [still] = await rows.unreferenced([id]);
      this.marks.delete(id);
      if (still === undefined) return false;
      freed(await blobs.remove(id));
      return true;
    });
  }
}
