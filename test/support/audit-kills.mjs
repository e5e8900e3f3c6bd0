// Kills a writer of the audit at chance moments and looks at what it leaves behind.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { verifyLog } from '../../dist/audit/verify.js';
import { AuditReader } from '../../dist/persistence/audit/audit-reader.js';
import { readKeys } from '../../dist/persistence/audit/key-files.js';
import { logOnDisk } from '../../dist/persistence/audit/log-on-disk.js';
import { auditPlaces } from '../../dist/persistence/audit/places.js';

const VICTIM = fileURLToPath(new URL('./audit-victim.mjs', import.meta.url));

/**
 * Starts a writer on the folder, kills it after `liveMs` from its first row on, and answers what it acknowledged:
 * the number of each row, and of its call.
 */
export async function killOnce(folder, firstCall, liveMs) {
  const child = spawn(process.execPath, [VICTIM, folder, String(firstCall)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged = [];
  let timer;
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line may be cut off.
    const [, seq, call] = /^(\d+) (\d+)$/.exec(line) ?? [];
    if (call !== undefined) acknowledged.push({ seq: Number(seq), call: Number(call) });
    timer ??= setTimeout(() => child.kill('SIGKILL'), liveMs);
  }
  clearTimeout(timer);
  const end = await exited;
  if (end !== 'SIGKILL') throw new Error(`the writer ended by itself with ${end}`);
  return acknowledged;
}

/** What is wrong after a kill: a fault that the verifier finds, or acknowledged rows that are not there. */
export async function damageAfter(folder, acknowledged) {
  const places = auditPlaces(folder);
  const verdict = await verifyLog(logOnDisk(places), readKeys(places.keys));
  if (!verdict.ok) return JSON.stringify(verdict.fault);
  const reader = new AuditReader(places.folder, () => verdict.last_seq);
  const from = Math.min(...acknowledged.map(({ seq }) => seq), verdict.last_seq + 1);
  const rows = new Map((await reader.read({ afterSeq: from - 1, limit: 1_000_000 })).map((row) => [row.seq, row]));
  const lost = acknowledged.filter(({ seq, call }) => rows.get(seq)?.correlation_id !== `call-${call}`);
  return lost.length === 0 ? undefined : `${lost.length} acknowledged rows are lost, the first is ${lost[0].seq}`;
}
