import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { PolicyError } from '../policy-error.js';
import { type SignatureFile } from './signature.js';

/** What the first line follows. */
const ORIGIN = '0'.repeat(64);

const entrySchema = z.strictObject({
  /** From 1. */
  seq: z.int().min(1),
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  key_id: z.string(),
  signature: z.string(),
  signed_at: z.string().optional(),
  /** Hash of the line before. */
  prev: z.string(),
});
const lineSchema = entrySchema.extend({ hash: z.string() });

type LogEntry = Readonly<z.infer<typeof entrySchema>>;

/** One line of the log of everything that was ever signed. `hash` is SHA-256 over the other members, hex. */
export type SignedLine = Readonly<z.infer<typeof lineSchema>>;

export interface LogCheck {
  /** Lines up to the first that does not hold. */
  readonly lines: readonly SignedLine[];
  /** Hash of the last of them. Kept elsewhere, it shows a cut at the end. */
  readonly head: string;
  /** What is wrong behind them. */
  readonly problem: string | undefined;
}

/**
 * Adds a signature to the end of a log file; the first makes the file. A log that does not hold is `POLICY_SIGNATURE` and
 * stays as it is. One writer at a time.
 */
export function appendSigned(
  logPath: string,
  policy: { readonly name: string; readonly version: string },
  { digest, key_id, signature, signed_at }: SignatureFile,
): SignedLine {
  const { lines, head, problem } = checkLog(logPath);
  if (problem !== undefined) throw new PolicyError('POLICY_SIGNATURE', `nothing is added to a broken log: ${problem}`);
  const { name, version } = policy;
  const line = chained({ seq: lines.length + 1, name, version, digest, key_id, signature, signed_at, prev: head });
  appendFileSync(logPath, `${JSON.stringify(line)}\n`);
  return line;
}

/**
 * Reads a log and proves its chain: no line was changed, removed, added or moved. With the `head` of an earlier check, also
 * that nothing was cut off behind it. No file is an empty log.
 */
export function checkLog(logPath: string, knownHead?: string): LogCheck {
  const text = existsSync(logPath) ? readFileSync(logPath, 'utf8') : '';
  const rows = text.split('\n');
  const isWhole = rows.pop() === '';
  const lines: SignedLine[] = [];
  let head = ORIGIN;
  for (const row of rows) {
    const line = lineSchema.safeParse(jsonOf(row)).data;
    const problem = line === undefined ? 'is malformed' : problemOf(line, lines.length + 1, head);
    if (line === undefined || problem !== undefined) {
      return { lines, head, problem: `line ${lines.length + 1} ${problem}` };
    }
    lines.push(line);
    head = line.hash;
  }
  if (!isWhole) return { lines, head, problem: `line ${lines.length + 1} is cut short` };
  return { lines, head, problem: missingHead(lines, knownHead) };
}

function problemOf(line: SignedLine, seq: number, head: string): string | undefined {
  const { hash, ...entry } = line;
  if (line.seq !== seq) return `has the number ${line.seq}`;
  if (line.prev !== head) return 'does not follow the line before it';
  return chained(entry).hash === hash ? undefined : 'was changed';
}

function missingHead(lines: readonly SignedLine[], knownHead: string | undefined): string | undefined {
  if (knownHead === undefined || knownHead === ORIGIN || lines.some(({ hash }) => hash === knownHead)) return undefined;
  return `the line with the hash ${knownHead} is missing`;
}

/** Members stand in one fixed order, so that the same entry is the same text. */
function chained({ seq, name, version, digest, key_id, signature, signed_at, prev }: LogEntry): SignedLine {
  const entry = { seq, name, version, digest, key_id, signature, ...(signed_at !== undefined && { signed_at }), prev };
  return { ...entry, hash: createHash('sha256').update(JSON.stringify(entry)).digest('hex') };
}

function jsonOf(row: string): unknown {
  try {
    return JSON.parse(row);
  } catch {
    return undefined;
  }
}
