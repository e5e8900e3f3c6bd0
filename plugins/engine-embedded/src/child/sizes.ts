const SMALL_MODEL_BYTES = 100 * 1024 * 1024;

/**
 * Small models run on one thread: more of them spend their time waiting for each other, measured at a hundredth of the
 * speed. Larger ones leave one core to the daemon.
 */
export function threadsFor(sizeBytes: number, cores: number, asked?: number): number {
  if (asked !== undefined) return asked;
  return sizeBytes < SMALL_MODEL_BYTES ? 1 : Math.max(1, cores - 1);
}

const LARGEST_DEFAULT_CONTEXT = 8_192;

/** Never above what the model was trained for, since answers turn to noise there. */
export function contextTokensFor(modelLimit: number, asked?: number): number {
  return Math.min(modelLimit, asked ?? LARGEST_DEFAULT_CONTEXT);
}
