import { type PolicyErrorCode } from '../../policy-error.js';
import { type Failure } from '../policy-set.js';
import { GuestFault } from '../host/guest-fault.js';

/** What is known of an instance when a call of it went wrong. */
export interface Remains {
  /** Undefined when it did not get as far as to have some. */
  readonly fuel: bigint | undefined;
  /** Its memory grew to the cap, so that it was refused more. */
  readonly isMemoryFull: boolean;
}

const MESSAGES: Partial<Record<PolicyErrorCode, string>> = {
  POLICY_FUEL: 'It used up its fuel.',
  POLICY_MEMORY: 'It needs more memory than it may have.',
  POLICY_STACK: 'It called itself too deeply.',
  POLICY_TRAP: 'It trapped.',
};

/** Names the cause of what ended a call. Messages hold nothing of the event, so the text of a trap is left out. */
export function causeOf(error: unknown, { fuel, isMemoryFull }: Remains): Failure {
  if (fuel !== undefined && fuel < 0n) return failure('POLICY_FUEL');
  if (error instanceof GuestFault) return { code: error.code, message: error.message };
  if (isStackOverflow(error)) return failure('POLICY_STACK');
  return failure(isMemoryFull ? 'POLICY_MEMORY' : 'POLICY_TRAP');
}

/** A guest that says itself that it failed: interpreters report what would be a trap elsewhere. */
export function causeOfGuestError(text: string, { isMemoryFull }: Remains): Failure {
  if (/stack overflow|call stack size/i.test(text)) return failure('POLICY_STACK');
  if (isMemoryFull || /out of memory/i.test(text)) return failure('POLICY_MEMORY');
  return { code: 'POLICY_GUEST_ERROR', message: 'It reported an error of its own; its log has the text.' };
}

function failure(code: PolicyErrorCode): Failure {
  return { code, message: MESSAGES[code] ?? code };
}

/** By name and text: each realm has a RangeError of its own, and reads outside of a view throw the same class. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof Object && 'message' in error && /call stack size/.test(String(error.message));
}
