/** `waiting`: for its turn. `checking`: the bytes are there and are compared. */
export type FetchState = 'waiting' | 'resolving' | 'fetching' | 'checking' | 'done' | 'failed' | 'cancelled';

/** Where a fetch is; members as on the wire. Counts never run backwards. */
export interface FetchProgress {
  readonly id: string;
  readonly ref: string;
  readonly state: FetchState;
  readonly bytes: number;
  /** Null while the source does not tell. */
  readonly total: number | null;
  /** 0 to 100. */
  readonly percent: number | null;
  /** Over the last ten seconds. */
  readonly bytes_per_s: number;
  readonly eta_ms: number | null;
  /** No byte came for ten seconds. */
  readonly stalled: boolean;
  readonly files: number;
  readonly files_done: number;
  /** Once it is known. */
  readonly digest: string | null;
  /** What went wrong, when it failed. */
  readonly error: string | null;
}
