import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditRow } from '../../src/audit/audit-log.js';
import { auditPlaces, listSegments, type SegmentPlace } from '../../src/persistence/audit/places.js';
import { startTestApp, type TestApp, type TestConfig } from './start-app.js';

/** A daemon with modules of its own, and the folder that it keeps its data in. */
export class PolicyApp {
  readonly folder = mkdtempSync(join(tmpdir(), 'llama-orch-policy-app-'));
  private app: TestApp | undefined;

  /** Puts a module where it is found, whole, in place of the one before; answers its path. */
  put(name: string, bytes: Uint8Array): string {
    const file = join(this.folder, `${name}.wasm`);
    writeFileSync(`${file}.part`, bytes);
    renameSync(`${file}.part`, file);
    return file;
  }

  /** @param policies entries of the configuration */
  async start(policies: readonly object[], config: TestConfig = {}): Promise<TestApp> {
    const storage = { data_dir: join(this.folder, 'data') };
    // A busy test machine takes longer than a policy may.
    const policy = { admission_deadline_ms: 60_000 };
    this.app = await startTestApp({ storage, policies, policy, ...config });
    return this.app;
  }

  /** Everything that the audit has on the disk: rows, then what their decisions were made from. */
  auditText(): string {
    return this.segments()
      .flatMap(({ rows, records }) => [rows, records])
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
  }

  /** Rows that are on the disk, oldest first. */
  auditRows(action: string): AuditRow[] {
    const lines = this.segments().flatMap(({ rows }) => readFileSync(rows, 'utf8').split('\n'));
    const rows = lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as AuditRow);
    return rows.filter((row) => row.action === action);
  }

  private segments(): readonly SegmentPlace[] {
    return listSegments(auditPlaces(join(this.folder, 'data')).folder);
  }

  async close(): Promise<void> {
    await this.app?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
