import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSessionId } from '../../src/kernel/ids.js';
import { Metrics } from '../../src/observability/metrics.js';
import { sessionWrites } from '../../src/persistence/sessions/sqlite-session-store.js';
import { StoreFailure } from '../../src/persistence/store/store-failure.js';
import { StoreTelemetry } from '../../src/persistence/store/store-telemetry.js';
import { type Write } from '../../src/persistence/store/store.js';
import { type StoreOptions, WorkerStore } from '../../src/persistence/store/worker-store.js';
import { type SessionRecord } from '../../src/sessions/session-store.js';
import { FakeClock } from './fake-clock.js';
import { QuietLogger } from './quiet-logger.js';

const TROUBLED = new URL(`file://${fileURLToPath(new URL('store-thread.mjs', import.meta.url))}`);

/** A data folder with a store in a thread, in which tests can make trouble. */
export class StoreRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'llama-orch-store-'));
  readonly clock = new FakeClock();
  readonly logger = new QuietLogger();
  readonly metrics = new Metrics();
  private readonly opened: WorkerStore[] = [];

  /** It knows the questions of store-thread.mjs instead of those of the daemon. */
  async open(more: Partial<StoreOptions> = {}): Promise<WorkerStore> {
    const { folder, clock, logger, metrics } = this;
    const telemetry = new StoreTelemetry(clock, metrics, logger);
    const store = await WorkerStore.open({ folder, clock, telemetry, entry: TROUBLED, ...more });
    this.opened.push(store);
    return store;
  }

  async remove(): Promise<void> {
    await Promise.all(this.opened.map((store) => store.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function sessionRecord(number: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    tenantId: 'default',
    id: parseSessionId(`00000000-0000-4000-8000-${String(number).padStart(12, '0')}`)!,
    turns: number,
    used: { tokens: 5, timeMs: 6, cost: Number.MAX_SAFE_INTEGER },
    lastReplica: 'p-0',
    openTasks: 1,
    charges: [],
    createdMs: 1_700_000_000_000 + number,
    expiresMs: 1_700_000_600_000,
    origin: { correlationId: 'c', clientId: undefined, userAgent: 'a program' },
    ...more,
  };
}

/** A unit that writes one session; by its turns it can be told which write won. */
export function sessionUnit(number: number, more: Partial<SessionRecord> = {}): readonly Write[] {
  return sessionWrites({ changed: [sessionRecord(number, more)], removed: [] });
}

/** One that no column takes. */
export function brokenUnit(number: number): readonly Write[] {
  return [...sessionUnit(number + 1), ...sessionUnit(number, { turns: 'many' as unknown as number })];
}

/** Why a promise was rejected; 'kept' when it was not. */
export async function reasonOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'kept';
  } catch (error) {
    if (error instanceof StoreFailure) return error.reason;
    throw error;
  }
}
