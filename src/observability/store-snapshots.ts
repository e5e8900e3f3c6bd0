/** A copy of the database of one moment. */
export interface StoreSnapshot {
  /** Name of the file, in the folder `snapshots` of the data folder. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly createdMs: number;
}

/** Copies the database while it is written to. A port: operators ask, the store answers. */
export abstract class StoreSnapshots {
  /** Replaces the one before. @throws AppError `CONFLICT` while one is made, `INTERNAL` when the disk does not take it */
  abstract take(): Promise<StoreSnapshot>;
}
