/** Why a policy gave no decision, or was not loaded. The codes are part of audit rows and of the ABI's contract. */
export const POLICY_ERRORS = [
  'POLICY_TRAP',
  'POLICY_FUEL',
  'POLICY_MEMORY',
  'POLICY_STACK',
  'POLICY_DEADLINE',
  'POLICY_BAD_OUTPUT',
  'POLICY_NO_OUTPUT',
  'POLICY_GUEST_ERROR',
  'POLICY_UNAVAILABLE',
  'POLICY_ABI',
  'POLICY_IMPORT',
  'POLICY_SIGNATURE',
] as const;

export type PolicyErrorCode = (typeof POLICY_ERRORS)[number];

/** A module that cannot be loaded, or a call without a decision. The message holds no value of an event. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';

  constructor(
    readonly code: PolicyErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
