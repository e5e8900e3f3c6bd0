import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const OWNER_FILE = 0o600;

const record = z.object({
  version: z.literal(1),
  pool_id: z.string(),
  replica_id: z.string(),
  engine: z.string(),
  port: z.int(),
  /** Carried by every process of the engine in its environment. */
  mark: z.string().min(8),
  /** The boot, process and start that the numbers belong to. */
  boot: z.string(),
  pid: z.int().positive().optional(),
  started_at: z.string().optional(),
  daemon: z.object({ pid: z.int().positive(), started_at: z.string() }),
  /** SHA-256 of program and arguments: which command it was, without telling it. */
  command: z.string(),
  since_ms: z.number(),
  container: z.object({ runtime: z.string(), name: z.string() }).optional(),
});

/** What is kept of a running engine, so that nobody has to be alive to know of it. */
export type EngineRecord = z.output<typeof record>;

export function recordPath(folder: string, replicaId: string): string {
  return join(folder, `${replicaId}.json`);
}

/** Replaces the record of a replica as one step. */
export function writeRecord(folder: string, content: EngineRecord): void {
  const path = recordPath(folder, content.replica_id);
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: OWNER_FILE });
  renameSync(`${path}.new`, path);
}

/** Forgets an engine that is gone; a newer record of the same replica stays. */
export function removeRecord(folder: string, { replica_id, mark }: EngineRecord): void {
  const path = recordPath(folder, replica_id);
  if (readRecord(path)?.mark === mark) rmSync(path, { force: true });
}

/** All records of a folder; what is no record is passed over. */
export function readRecords(folder: string): readonly EngineRecord[] {
  return filesOf(folder).flatMap((name) => readRecord(join(folder, name)) ?? []);
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

function readRecord(path: string): EngineRecord | undefined {
  try {
    return record.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
