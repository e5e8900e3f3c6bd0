export interface CrashReport {
  readonly kills: number;
  /** A sentence for each thing that is not as it was acknowledged. */
  readonly wrong: readonly string[];
  readonly tasks: number;
  readonly sessions: number;
  readonly artifacts: number;
  readonly decisions: number;
  readonly readyMs: { readonly median: number; readonly worst: number };
}
export function crashLoop(options: {
  readonly kills: number;
  readonly seed: number;
  readonly clients?: number;
  readonly log?: (line: string) => void;
}): Promise<CrashReport>;
