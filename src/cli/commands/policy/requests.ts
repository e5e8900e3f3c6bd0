/** What is asked of the policy workbench; paths are relative to `cwd`. */
export type PolicyRequest = PolicyJob & {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tells people what goes on. */
  readonly say: (line: string) => void;
  /** Base URL and key of the daemon, for what looks at a running one. */
  readonly daemon: { readonly url: string; readonly token: string | undefined };
  readonly signal: AbortSignal;
};

export type PolicyJob =
  | BuildJob
  | TestJob
  | DevJob
  | BenchJob
  | TryJob
  | SimulateJob
  | ExplainJob
  | AttackJob
  | ReplayJob
  | SignJob
  | VerifyJob
  | KeysJob
  | InspectJob
  | SuggestJob;

export interface BuildJob {
  readonly action: 'build';
  /** Folder of the policy's package. */
  readonly folder: string;
  readonly out: string | undefined;
}

export interface TestJob {
  readonly action: 'test';
  /** Folder of a package, or a module, whose golden tests are run. */
  readonly target: string;
  /** Further cases for a module. */
  readonly cases: string | undefined;
  readonly mutate: boolean;
}

export interface DevJob {
  readonly action: 'dev';
  readonly folder: string;
  /** The module that the daemon's config names; it is replaced after each good build. */
  readonly into: string | undefined;
  /** Ends after the first build. */
  readonly once: boolean;
}

export interface BenchJob {
  readonly action: 'bench';
  readonly module: string;
  readonly event: string | undefined;
  readonly settings: string | undefined;
  readonly count: number;
  readonly maxFuel: number | undefined;
  readonly maxP99Us: number | undefined;
}

export interface TryJob {
  readonly action: 'try';
  readonly module: string;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly string[];
  readonly data: string | undefined;
  readonly settings: string | undefined;
}

/** Where recorded decisions come from: an export, a data folder, or else the daemon. */
export interface RecordSource {
  readonly file: string | undefined;
  readonly dir: string | undefined;
  /** Folder with further modules, for what was decided elsewhere. */
  readonly modules: string | undefined;
}

export interface SimulateJob extends RecordSource {
  readonly action: 'simulate';
  readonly module: string;
  /** The version before: only what changes is shown. */
  readonly diff: string | undefined;
  readonly har: string | undefined;
  /** Entry of the config whose recorded settings are used. */
  readonly policy: string | undefined;
  readonly settings: string | undefined;
}

export interface ExplainJob extends RecordSource {
  readonly action: 'explain';
  /** Decision id, or number of the audit row. */
  readonly decision: string;
}

export interface AttackJob {
  readonly action: 'attack';
  /** The daemon instead of the door of this build. */
  readonly onDaemon: boolean;
  readonly row: number | undefined;
}

export interface ReplayJob extends RecordSource {
  readonly action: 'replay';
  /** Number of a row, or decision id; absent: all. */
  readonly decision: string | undefined;
  readonly limit: number | undefined;
}

export interface SignJob {
  readonly action: 'sign';
  readonly module: string;
  readonly key: string;
  readonly log: string | undefined;
}

export interface VerifyJob {
  readonly action: 'verify';
  readonly module: string;
  readonly keys: readonly string[];
  readonly log: string | undefined;
}

export interface KeysJob {
  readonly action: 'keys';
  /** The private key goes here, the public one beside it as `<out>.pub`. */
  readonly out: string;
}

export interface InspectJob {
  readonly action: 'inspect';
  readonly module: string;
}

export interface SuggestJob extends RecordSource {
  readonly action: 'suggest';
  readonly sinceMs: number | undefined;
}

/** The outcome: one document for programs, and the same for people. */
export interface PolicyAnswer {
  readonly document: object;
  readonly text: string;
  /** False: the work was done and shows a fault, such as a failed test; the exit code is 1. */
  readonly ok: boolean;
}

/** @throws UsageError when what was given cannot be used, Error that says what failed */
export type PolicyWork = (request: PolicyRequest) => Promise<PolicyAnswer>;
