import { plainText } from '../kernel/plain-text.js';
import { type Outcome } from './desk.js';
import { Benches } from './benches.js';
import { type DecisionSource, type ModuleStore } from './decisions.js';
import { allowedRequests, type AuditedRow, isRecorded, type RecordedDecision } from './recorded.js';
import { repeat, type Repetition } from './repeat.js';
import { type Suggestion, suggestionFor } from './suggestion.js';
import { UserInputError } from './user-input-error.js';

/** The record of what was decided, and the modules that decided. */
export interface Archive {
  readonly decisions: DecisionSource;
  readonly modules: ModuleStore;
}

interface ReplayJob {
  readonly decision: string | undefined;
  readonly limit: number | undefined;
}

/** Differences that are shown at most. */
const MOST_SHOWN = 20;

/** Decides recorded calls again; not ok when an answer or its fuel differs, or when there is no proof at all. */
export async function replay({ decision, limit }: ReplayJob, { decisions, modules }: Archive): Promise<Outcome> {
  const benches = new Benches(modules);
  const tally = new Tally();
  try {
    if (decision === undefined) for await (const one of decisions.newest(limit)) await again(one, benches, tally);
    else for (const one of await recorded(decision, decisions)) await again(one, benches, tally);
  } finally {
    await benches.close();
  }
  return tally.outcome(decision !== undefined);
}

async function again(one: RecordedDecision, benches: Benches, tally: Tally): Promise<void> {
  tally.add(one, await repeat(one.record, benches));
}

/** @throws UserInputError when nothing of it can be decided again */
async function recorded(decision: string, decisions: DecisionSource): Promise<readonly RecordedDecision[]> {
  const rows = (await found(decision, decisions)).filter(isRecorded);
  if (rows.length > 0) return rows;
  throw new UserInputError(`${decision} has no record of policies, so there is nothing to decide again`);
}

class Tally {
  private records = 0;
  private same = 0;
  private differing = 0;
  private readonly shown: object[] = [];
  private readonly left = new Map<string, number>();

  add({ row }: RecordedDecision, { same, differences, left }: Repetition): void {
    this.records++;
    this.same += same;
    this.differing += differences.length;
    for (const { why } of left) this.left.set(why, (this.left.get(why) ?? 0) + 1);
    for (const difference of differences)
      if (this.shown.length < MOST_SHOWN)
        this.shown.push({ seq: row.seq, decision_id: row.decision_id, ...difference });
  }

  /** @param isWhole nothing may be left out */
  outcome(isWhole: boolean): Outcome {
    const { records, same, differing, shown } = this;
    const left = Object.fromEntries(this.left);
    const leftOut = [...this.left.values()].reduce((sum, count) => sum + count, 0);
    const answers = `${same} answers are the same, ${differing} differ, ${leftOut} left out`;
    const lines = [`${records} ${records === 1 ? 'record' : 'records'}: ${answers}`];
    for (const [why, count] of this.left) lines.push(`  ${count} left out: ${why}`);
    for (const one of shown) lines.push(`  ${JSON.stringify(one)}`);
    return {
      document: { records, same, differing, left_out: leftOut, left, differences: shown },
      text: `${lines.map(plainText).join('\n')}\n`,
      ok: differing === 0 && (leftOut === 0 || (!isWhole && same > 0)),
    };
  }
}

/** The tightest allow-list that would have let through what was let through since then. */
export async function suggest(
  { sinceMs = 0 }: { readonly sinceMs: number | undefined },
  { decisions }: Archive,
): Promise<Outcome> {
  const seen: RecordedDecision[] = [];
  let unrecorded = 0;
  for await (const one of decisions.rows()) {
    if (one.row.ts_ms < sinceMs) continue;
    if (isRecorded(one)) seen.push(one);
    else if (one.row.action.endsWith('.request') && one.row.decision === 'allow') unrecorded++;
  }
  const suggestion = suggestionFor(allowedRequests(seen));
  const policies = policiesOf(suggestion);
  const text = [
    `# the tightest list for ${counted(suggestion.calls, 'call')} to ${counted(suggestion.seen.length, 'host')}`,
    ...(unrecorded === 0 ? [] : [`# ${counted(unrecorded, 'more call')} left no record; audit.records has to be true`]),
    ...suggestion.seen.map(
      ({ host, calls, methods, paths }) =>
        `#   ${host}: ${counted(calls, 'call')}, ${methods.join(' ')}, ${paths.join(' ')}`,
    ),
    ...(suggestion.left_out === 0
      ? []
      : [`# ${counted(suggestion.left_out, 'call')} to hosts whose names are no plain names left out`]),
    'policies:',
    ...policies.flatMap(({ builtin, settings }) => [
      `  - builtin: ${builtin}`,
      `    settings: ${JSON.stringify(settings)}`,
    ]),
  ]
    .map(plainText)
    .join('\n');
  return { document: { ...suggestion, unrecorded, policies }, text: `${text}\n`, ok: true };
}

function policiesOf({ calls, allow_hosts, method_guard, size_limit }: Suggestion) {
  const hosts = { builtin: 'allow-hosts', settings: allow_hosts };
  if (calls === 0) return [hosts];
  return [hosts, { builtin: 'method-guard', settings: method_guard }, { builtin: 'size-limit', settings: size_limit }];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** @throws UserInputError when there is no such row */
export async function found(decision: string, decisions: DecisionSource): Promise<readonly AuditedRow[]> {
  const rows = await decisions.find(decision);
  if (rows.length > 0) return rows;
  throw new UserInputError(`the audit has no row ${decision}; llama-orch audit tail shows rows and decision ids`);
}
