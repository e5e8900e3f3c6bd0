/** A policy that cannot be built. The message says what and where, and is meant for the author. */
export class PolicyBuildError extends Error {
  override readonly name = 'PolicyBuildError';
}
