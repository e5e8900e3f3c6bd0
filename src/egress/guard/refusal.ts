import { AppError } from '../../kernel/errors.js';
import { SOFTWARE_VERSION } from '../../kernel/version.js';

/** Why the guard refuses. Callers never see the code, as it would tell open from closed doors; the audit has it. */
export type RefusalCode =
  | 'EGRESS_OFF'
  | 'URL_INVALID'
  | 'URL_TOO_LONG'
  | 'CONTROL_CHARACTER'
  | 'USERINFO'
  | 'SCHEME'
  | 'PORT'
  | 'HOST_INVALID'
  | 'HOST_INTERNAL'
  | 'HOST_DENIED'
  | 'ADDRESS_DENIED'
  | 'ADDRESS_NOT_PUBLIC'
  | 'OWN_ADDRESS'
  | 'METHOD'
  | 'HEADER'
  | 'BODY'
  | 'REDIRECT_DOWNGRADE'
  | 'REDIRECT_PORT'
  | 'MOVED_TWICE';

/** The guard says no. The message may name addresses, so it goes to the audit alone. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly code: RefusalCode,
    message: string,
  ) {
    super(message);
  }
}

/** Name of the guard where policies have theirs. */
export const GUARD = { id: 'egress-guard', version: SOFTWARE_VERSION } as const;

/** The one answer to all that the guard refuses: equal for whatever was found, and without an address. */
export function guardDenial(decisionId: string): AppError {
  const reason = 'the egress guard does not let this call out';
  return new AppError('POLICY_DENIED', `${reason}; the operator finds why in the audit under ${decisionId}`, {
    members: {
      policy: { ...GUARD, reason },
      policy_code: 'EGRESS_REFUSED',
      hint: 'call a public http or https address on an allowed port, or ask the operator about egress.allow_hosts',
      decision_id: decisionId,
    },
  });
}
