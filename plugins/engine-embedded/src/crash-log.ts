const CRASHES_ALLOWED = 3;
const WINDOW_MS = 60_000;

/**
 * Remembers crashes per model digest. The third within a minute makes the digest faulty for as long as the daemon runs:
 * the file itself brings the engine down, and starting it again mends nothing.
 */
export class CrashLog {
  private readonly crashes = new Map<string, number[]>();
  private readonly faulty = new Set<string>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  record(digest: string): void {
    const since = this.now() - WINDOW_MS;
    const recent = [...(this.crashes.get(digest) ?? []).filter((at) => at > since), this.now()];
    this.crashes.set(digest, recent);
    if (recent.length >= CRASHES_ALLOWED) this.faulty.add(digest);
  }

  isFaulty(digest: string): boolean {
    return this.faulty.has(digest);
  }
}
