import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig, type PolicyEntry } from '../../src/config/index.js';
import { type Clock, SystemClock } from '../../src/kernel/clock.js';
import { Metrics } from '../../src/observability/metrics.js';
import { ModuleArchive } from '../../src/policy-host/loading/module-archive.js';
import { PolicyHost, type PolicyHostParts } from '../../src/policy-host/loading/policy-host.js';
import { WorkerPreparer } from '../../src/policy-host/loading/preparation.js';
import { PolicyNews, type PolicyNewsItem } from '../../src/policy-host/policy-news.js';
import { PolicyTelemetry } from '../../src/policy-host/policy-telemetry.js';
import { SandboxPool } from '../../src/policy-host/sandbox/pool/sandbox-pool.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { LATE_MS } from './pool-rig.js';

/** Entries as a configuration has them, with every default filled in. */
export function policyEntries(...entries: readonly object[]): readonly PolicyEntry[] {
  return parseConfig({ policies: entries }).policies;
}

/** A folder with modules, and hosts over them that are closed when the tests are over. */
export class HostRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'llama-orch-policies-'));
  readonly archiveFolder = join(this.folder, 'archive');
  readonly archive = new ModuleArchive(this.archiveFolder);
  readonly logger = new QuietLogger();
  /** Of the host that was opened last. */
  metrics = new Metrics();
  readonly news: PolicyNewsItem[] = [];
  private readonly hosts: PolicyHost[] = [];

  async open(entries: readonly PolicyEntry[], parts: Partial<PolicyHostParts> = {}): Promise<PolicyHost> {
    const clock: Clock = parts.clock ?? new SystemClock();
    const news = new PolicyNews();
    this.metrics = new Metrics();
    news.read((item) => this.news.push(item));
    const host = await PolicyHost.open({
      entries,
      baseFolder: this.folder,
      denyWithoutPolicy: false,
      watch: true,
      trust: { requireSignature: false, keys: [] },
      preparer: new WorkerPreparer(new SystemClock()),
      sandbox: () => new SandboxPool({ clock: new SystemClock(), workers: 1, deadlineMs: LATE_MS }),
      archive: this.archive,
      clock,
      telemetry: new PolicyTelemetry(this.metrics, this.logger),
      news,
      ...parts,
    });
    this.hosts.push(host);
    return host;
  }

  /** Puts a module where the configuration finds it, as editors do: whole, in place of the one before. */
  async put(made: Uint8Array | Promise<Uint8Array>, name: string): Promise<Uint8Array> {
    const bytes = await made;
    const file = join(this.folder, name);
    writeFileSync(`${file}.part`, bytes);
    renameSync(`${file}.part`, file);
    return bytes;
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
