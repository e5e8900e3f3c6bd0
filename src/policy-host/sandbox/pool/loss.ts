import { PolicyError } from '../../policy-error.js';
import { type Failure } from '../policy-set.js';
import { type JobError } from './protocol.js';
import { type LossReason, SandboxLost } from './sandbox.js';
import { NotServed } from './waiting-line.js';

const OF_LOSS: Readonly<Record<LossReason, Failure>> = {
  deadline: { code: 'POLICY_DEADLINE', message: 'It was not done in time, and its sandbox was ended.' },
  memory: { code: 'POLICY_MEMORY', message: 'Its sandbox ran out of memory.' },
  crash: { code: 'POLICY_UNAVAILABLE', message: 'Its sandbox ended by itself.' },
  closed: { code: 'POLICY_UNAVAILABLE', message: 'The sandbox is closed.' },
};

const MACHINE_LATE: Failure = {
  code: 'POLICY_DEADLINE',
  message: 'It hardly got the processor before its time was over, and its sandbox was ended: the machine is too busy.',
};

/** What to say of a job that got no answer. */
export function failureOf(error: unknown): Failure {
  if (error instanceof SandboxLost) return error.usedItsTime ? OF_LOSS[error.reason] : MACHINE_LATE;
  if (error instanceof PolicyError) return { code: error.code, message: error.message };
  if (error instanceof NotServed) return { code: 'POLICY_UNAVAILABLE', message: error.message };
  return { code: 'POLICY_UNAVAILABLE', message: 'The sandbox gave no answer.' };
}

/** The same as an error. */
export function policyError(error: unknown): PolicyError {
  if (error instanceof PolicyError) return error;
  const { code, message } = failureOf(error);
  return new PolicyError(code, message, { cause: error });
}

export function errorOfJob({ code = 'POLICY_UNAVAILABLE', message }: JobError): PolicyError {
  return new PolicyError(code, message);
}
