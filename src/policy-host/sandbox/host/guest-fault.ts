import { type PolicyErrorCode } from '../../policy-error.js';

/** Thrown by a host function to end the call for a reason that has a code of its own. */
export class GuestFault extends Error {
  override readonly name = 'GuestFault';

  constructor(
    readonly code: PolicyErrorCode,
    message: string,
  ) {
    super(message);
  }
}
