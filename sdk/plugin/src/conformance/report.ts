import { type CheckResult } from './kit.js';

/** Rises when a check is added, dropped or made stricter: reports of two releases cannot be compared. */
export const KIT_VERSION = '1.0.0';

/** Where the report of a plugin lies: `CONFORMANCE.json`, and a section of `README.md`. */
export interface ReportPlace {
  readonly folder: URL;
  /** What the kit ran on, such as `fake server, one slot`. A report holds one run for each. */
  readonly engine: string;
}

/** What the kit found out about one release of a plugin. Holds nothing that differs from run to run. */
export interface Report {
  readonly kit_version: string;
  readonly plugin: string;
  readonly version: string;
  readonly runs: readonly ReportRun[];
}

export interface ReportRun {
  readonly engine: string;
  readonly checks: readonly ReportCheck[];
}

export interface ReportCheck {
  readonly id: string;
  readonly title: string;
  readonly result: CheckResult['type'];
  /** Why it was skipped. */
  readonly reason?: string;
}

/** The part of a check's name that stays the same, such as `EA-12b`. */
export function idOf(name: string): string {
  return name.slice(0, name.indexOf(' '));
}

export function reportRun(engine: string, results: readonly CheckResult[]): ReportRun {
  const checks = results.map((result) => ({
    id: idOf(result.name),
    title: result.name.slice(result.name.indexOf(' ') + 1),
    result: result.type,
    ...(result.type === 'skipped' ? { reason: result.reason } : {}),
  }));
  return { engine, checks };
}

/** A line per run, a table with a column for each, then the reasons for what was skipped. */
export function toMarkdown({ kit_version, runs }: Report): string {
  const reasons = [...new Set(runs.flatMap(({ checks }) => checks.flatMap(({ reason = [] }) => reason)))];
  const counts = runs.map(({ engine, checks }) => `- ${engine}: ${countsOf(checks)}`);
  const names = runs[0]?.checks.map(({ id, title }) => `${id} ${title}`) ?? [];
  const rows = names.map((name, row) => [name, ...runs.map(({ checks }) => cellOf(checks[row], reasons))]);
  const table = tableOf([['Check', ...runs.map(({ engine }) => engine)], ...rows]);
  const notes = reasons.map((reason, index) => `${index + 1}. ${reason}`);
  const skipped = notes.length === 0 ? [] : ['', 'Skipped, because', '', ...notes];
  return [`Version ${kit_version} of the kit:`, '', ...counts, '', ...table, ...skipped].join('\n');
}

function countsOf(checks: readonly ReportCheck[]): string {
  const countOf = (wanted: string): number => checks.filter(({ result }) => result === wanted).length;
  return `${countOf('passed')} passed, ${countOf('skipped')} skipped, ${countOf('failed')} failed`;
}

function cellOf(check: ReportCheck | undefined, reasons: readonly string[]): string {
  if (check === undefined) return '';
  return check.reason === undefined ? check.result : `skipped (${reasons.indexOf(check.reason) + 1})`;
}

/** Padded as Prettier pads tables. */
function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}
