import { UsageError } from './cli-errors.js';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `24h`, `30d` before now, or a date, in Unix milliseconds. @throws UsageError */
export function sinceMs(text: string, nowMs: number): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const at = count === '' ? Date.parse(text) : nowMs - Number(count) * UNIT_MS[unit]!;
  if (Number.isFinite(at)) return Math.max(0, at);
  throw new UsageError(`--since ${text} is no time; write it like 90m, 24h, 30d or 2026-01-31`);
}
