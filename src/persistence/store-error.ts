/** Why a daemon cannot start on its data folder. */
export type StoreFault = 'locked' | 'damaged' | 'too-new' | 'unusable';

/** The message names what is wrong and what to do; it is for the operator, never for the wire. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly fault: StoreFault,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}
