/** What a job of the workbench has at hand. */
export interface Desk {
  /** Where relative paths begin. */
  readonly cwd: string;
  /** Tells people what goes on. */
  readonly say: (line: string) => void;
  /** Aborted when the user has had enough. */
  readonly signal: AbortSignal;
}

/** What came of a job: one document for programs, and the same for people. */
export interface Outcome {
  readonly document: object;
  readonly text: string;
  /** False: the work was done and shows a fault. */
  readonly ok: boolean;
}
