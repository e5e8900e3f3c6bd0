/** One decode that runs on a replica, as far as its silence goes. Times are monotonic ms. */
export interface Decode {
  readonly startedAt: number;
  /** Its last token; before the first one, its start. */
  readonly lastSignAt: number;
  readonly hasDecoded: boolean;
  /** Nobody waits for its tokens any more. */
  readonly stopped: boolean;
}

/** What a look at a replica sees. */
export interface Sight {
  readonly now: number;
  readonly decodes: Iterable<Decode>;
  /** Newest token of decodes that have ended. */
  readonly lastTokenAt: number;
  /** Decodes in a row that were ended because nothing came. */
  readonly cutOff: number;
  readonly slots: number;
  /** Reading a prompt may take as long. */
  readonly firstTokenMs: number;
}

/** `doubt`: a slot is free, so one token tells. `hung`: decodes run, nothing comes, and no slot is left to ask. */
export type Verdict = 'well' | 'doubt' | 'hung';

/** Looks within the limit. The verdict falls before the last ones, so that it comes within the limit also on a busy machine. */
export const LOOKS = 12;
const LOOKS_UNTIL_DOUBT = 6;
const LOOKS_UNTIL_VERDICT = 10;
/** Decodes in a row that were cut off; from here on a prompt that is being read is no excuse. */
const CUT_OFFS_IN_A_ROW = 2;

/**
 * Tells an engine that hangs from one that is busy. Silence is counted in looks, not in time: a daemon that was held up
 * itself, and reads late what the engine said, blames nobody.
 */
export class Silence {
  private looks = 0;
  private newestSignAt = Number.NEGATIVE_INFINITY;

  look(sight: Sight): Verdict {
    const decodes = [...sight.decodes];
    const owed = decodes.filter(({ stopped }) => !stopped);
    if (this.hasNews(sight, decodes)) return 'well';
    const isFree = decodes.length < sight.slots;
    if (sight.cutOff > 0 && isFree && (owed.length === 0 || sight.cutOff >= CUT_OFFS_IN_A_ROW)) return 'doubt';
    if (owed.length === 0 || (sight.cutOff < CUT_OFFS_IN_A_ROW && readsPrompt(owed, sight))) return 'well';
    this.looks++;
    if (this.looks >= LOOKS_UNTIL_VERDICT) return 'hung';
    return this.looks >= LOOKS_UNTIL_DOUBT && isFree ? 'doubt' : 'well';
  }

  /** The engine has shown that it decodes. */
  forget(): void {
    this.looks = 0;
  }

  private hasNews({ lastTokenAt }: Sight, decodes: readonly Decode[]): boolean {
    const signs = decodes.filter(({ hasDecoded }) => hasDecoded).map(({ lastSignAt }) => lastSignAt);
    const newest = Math.max(lastTokenAt, ...signs);
    if (newest <= this.newestSignAt) return false;
    this.newestSignAt = newest;
    this.looks = 0;
    return true;
  }
}

function readsPrompt(decodes: readonly Decode[], { now, firstTokenMs }: Sight): boolean {
  return decodes.some(({ hasDecoded, startedAt }) => !hasDecoded && now - startedAt <= firstTokenMs);
}
