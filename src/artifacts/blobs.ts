import { type ArtifactId } from './artifact-id.js';

/** Keeps contents by their ids. Every method rejects with an AppError when the disk does not take part. */
export abstract class Blobs {
  /** Survives the loss of power when it resolves; one that is there already is left as it is. */
  abstract write(id: ArtifactId, form: Uint8Array): Promise<void>;
  abstract read(id: ArtifactId): Promise<Uint8Array | undefined>;
  /** Harmless when it is not there. Answers the bytes that it held. */
  abstract remove(id: ArtifactId): Promise<number>;
  /** Ids of all that is there, some at a time. */
  abstract all(): AsyncIterable<readonly ArtifactId[]>;
}
