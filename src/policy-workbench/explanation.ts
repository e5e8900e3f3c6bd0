import { plainText } from '../kernel/plain-text.js';
import { type PolicyRecord } from '../policy-host/decision-record.js';
import { ALLOW_ALL_DIGEST } from '../policy-host/native-policy.js';
import { ask, type SeatedPolicy } from '../policy-host/sandbox/run-chain.js';
import { Bench, Benches, type NoBench } from './benches.js';
import { type Outcome } from './desk.js';
import { type Archive, found } from './records-jobs.js';
import { type AuditedRow, requestOf } from './recorded.js';
import { subjectOf, termsOf } from './repeat.js';
import { variationsOf } from './variations.js';

/** One decision: who decided, why, and what would have passed. */
export async function explain({ decision }: { readonly decision: string }, archive: Archive): Promise<Outcome> {
  const rows = await found(decision, archive.decisions);
  const benches = new Benches(archive.modules);
  try {
    const parts: Part[] = [];
    // One after the other: a bench answers one question at a time.
    for (const one of rows) parts.push(await explained(one, benches));
    const document = { decision_id: rows[0]!.row.decision_id, rows: parts.map((part) => part.document) };
    return { document, text: parts.map((part) => part.text).join('\n'), ok: true };
  } finally {
    await benches.close();
  }
}

interface Part {
  readonly document: object;
  readonly text: string;
}

/** The row says what became of the call; the record, where there is one, what each policy had to do with it. */
async function explained({ row, record }: AuditedRow, benches: Benches): Promise<Part> {
  const { seq, action, decision, code, reason, plugin } = row;
  const told = record === undefined ? UNTOLD : await toldOf(record, benches);
  const lines = [
    `${action}${row.decision_id === null ? '' : ` ${row.decision_id}`}, row ${seq}, ${new Date(row.ts_ms).toISOString()}`,
    `${decision}${code === null ? '' : ` ${code}`}${plugin === null ? '' : ` by ${plugin}`}${reason ? `: ${reason}` : ''}`,
    ...(told.hint === null ? [] : [`hint: ${told.hint}`]),
    `about: ${record === undefined ? (row.url ?? row.target) : aboutOf(record)}`,
    ...told.policies.map(
      ({ policy, version, answer, fuel, counts }) =>
        `  ${policy} ${version}: ${answer}, fuel ${fuel}${counts ? '' : ' (watching only)'}`,
    ),
    ...(told.policies.length === 0 ? [`  ${nobody(row, record)}`] : []),
    ...passingLines(told),
  ];
  return {
    document: { seq, action, decision, code, reason, by: plugin, ...told },
    text: `${lines.map(plainText).join('\n')}\n`,
  };
}

const UNTOLD = { hint: null, policies: [], would_pass: [], would_pass_unknown: null } as const;

function passingLines({
  would_pass,
  would_pass_unknown: why,
}: Pick<Awaited<ReturnType<typeof toldOf>>, 'would_pass' | 'would_pass_unknown'>) {
  if (why !== null) return [`what would have passed is not known: ${why}`];
  return would_pass.length === 0 ? [] : [`would have passed ${would_pass.join('; ')}`];
}

async function toldOf(record: PolicyRecord, benches: Benches) {
  const policies = record.outcomes.map(({ policy, version, digest, fuel, counts, error, decision }) => ({
    ...{ policy, version, digest, fuel, counts },
    answer: error?.code ?? answerOf(decision),
  }));
  const found = record.decision === 'deny' ? await passing(record, benches) : [];
  const passed =
    'why' in found
      ? { would_pass: [], would_pass_unknown: found.why }
      : { would_pass: found, would_pass_unknown: null };
  return { hint: record.hint, policies, ...passed };
}

function nobody({ record: digest, plugin }: AuditedRow['row'], record: PolicyRecord | undefined): string {
  if (record !== undefined) return 'no policy was asked';
  if (digest !== null) return 'what it was decided from is not kept here';
  return plugin === 'egress-guard' ? 'the network guard decided; no policy was asked' : 'no decision of a policy';
}

function answerOf(decision: unknown): string {
  const { decision: kind = '?', code } = (decision ?? {}) as { decision?: string; code?: string };
  return code === undefined ? kind : `${kind} ${code}`;
}

function aboutOf({ event }: PolicyRecord): string {
  if (event.kind === 'task.admission') return `a ${event.admission.priority} task for ${event.admission.modelRef}`;
  const { method, url } = event.request;
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  const about = `${method} ${url.scheme}://${host}:${url.port}${url.path}`;
  return event.kind === 'http.request' ? about : `the answer ${event.response.status} to ${about}`;
}

/** Changes that the whole chain would let through, or why that cannot be told. */
async function passing(record: PolicyRecord, benches: Benches): Promise<readonly string[] | NoBench> {
  const request = requestOf(record);
  const denier = record.outcomes.find(({ policy }) => policy === record.by);
  if (request === undefined || denier === undefined) return [];
  const chain = await chainOf(record, benches);
  if ('why' in chain) return chain;
  const changes: string[] = [];
  for (const { change, event } of variationsOf(request, denier.config))
    if (await passes({ ...record, event }, chain)) changes.push(change);
  return changes;
}

/** Those that count. */
async function chainOf({ outcomes }: PolicyRecord, benches: Benches): Promise<readonly SeatedPolicy[] | NoBench> {
  const seats: SeatedPolicy[] = [];
  for (const outcome of outcomes.filter(({ counts, digest }) => counts && digest !== ALLOW_ALL_DIGEST)) {
    const bench = await benches.of(outcome);
    if (!(bench instanceof Bench)) return bench;
    seats.push(bench.seat({ ...outcome, error: null }));
  }
  return seats;
}

async function passes(record: PolicyRecord, chain: readonly SeatedPolicy[]): Promise<boolean> {
  let subject = subjectOf(record);
  for (const seat of chain) {
    const asked = await ask(seat, subject, termsOf(record));
    if (asked.answer.decision === undefined || asked.answer.decision.decision === 'deny') return false;
    subject = asked.subject;
  }
  return true;
}
