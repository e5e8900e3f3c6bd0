const SHORTEST_MS = 1;
/** The longest wait that the wire can tell. */
export const LONGEST_RETRY_MS = 60_000;

/** A wait as the wire allows it: whole milliseconds, 1 to 60 000. */
export function clampRetryMs(ms: number): number {
  return Math.round(Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_MS, ms)));
}
