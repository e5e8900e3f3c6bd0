/** The command line does not make sense; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The person at the terminal pressed Ctrl-C; exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}
