import { type FetchProgress } from './fetch-progress.js';
import { type FetchOrder, type LocalModel, type ResolvedRef } from './local-model.js';
import { type ModelShape } from './formats/model-shape.js';

/** What the header of a model says, read before the model is fetched. */
export interface Inspection extends ResolvedRef {
  /** Bytes of all weights; undefined where the source does not tell. */
  readonly weightsBytes: number | undefined;
  /** Undefined where the header does not tell. */
  readonly shape: ModelShape | undefined;
}

/** Models on this machine, and how they get here: one fetch per digest, whoever asks; others join. */
export abstract class Fetches {
  /** @throws FetchError, AppError `POLICY_DENIED` */
  abstract resolve(order: FetchOrder, signal: AbortSignal): Promise<ResolvedRef>;
  /** Resolves, and reads the header by ranges: some kilobytes. @throws FetchError, AppError `POLICY_DENIED` */
  abstract inspect(order: FetchOrder, signal: AbortSignal): Promise<Inspection>;
  /**
   * The model, fetched if it is not here. The signal takes this caller away; the fetch ends with its last caller and can
   * be gone on with later. @throws FetchError, AppError `POLICY_DENIED`
   */
  abstract ensure(order: FetchOrder, signal: AbortSignal): Promise<LocalModel>;
  /** Starts a fetch that goes on by itself, or joins the one under way. Answers its progress at once. */
  abstract start(order: FetchOrder): FetchProgress;
  /** Ends a fetch for all who wait for it; what was fetched stays to go on from. False: there is none. */
  abstract cancel(id: string): boolean;
  /** The same order has the same id, before and after a restart. */
  abstract idOf(order: FetchOrder): string;
  /** Undefined for one that is not known; ended ones are known for a while. */
  abstract progress(id: string): FetchProgress | undefined;
  abstract list(): readonly FetchProgress[];
  /** Calls back at once, then at most four times a second, and with the end. Answers how to stop. */
  abstract follow(id: string, listen: (progress: FetchProgress) => void): () => void;
  /** What is here already; counts as a use. */
  abstract local(digest: string): Promise<LocalModel | undefined>;
  /** Keeps the files of a model from eviction and removal until it is called; calling it twice is harmless. */
  abstract lease(digest: string): () => void;
  /** Compares every byte again. False: they differ, and the files were put away. @throws FetchError when it is not here */
  abstract verify(digest: string, signal: AbortSignal): Promise<boolean>;
  /** Puts the files where no engine reaches them. False: they are not here, or not ours. */
  abstract quarantine(digest: string): Promise<boolean>;
  /** Removes the files of a model. False: they are leased, not here, or not ours. */
  abstract remove(digest: string): Promise<boolean>;
  /** Removes parts that no fetch wrote to since then; answers how many bytes that gave back. */
  abstract cleanUp(olderThanEpochMs: number): Promise<number>;
  /** Says which models entries or pools name: those are never evicted. Until it is called, every model may be. */
  abstract protect(isReferenced: (digest: string) => boolean): void;
  abstract close(): Promise<void>;
}
