import { type PolicyErrorCode } from '../policy-error.js';
import { toldCause } from './told-cause.js';

/** The steps from a file to a policy that is asked, in their order. */
export const LOAD_STEPS = [
  'read',
  'size',
  'digest',
  'signature',
  'module',
  'grants',
  'hooks',
  'settings',
  'start',
  'describe',
  'tests',
  'name',
  'swap',
] as const;
export type LoadStep = (typeof LOAD_STEPS)[number];

/** Where something of ours may be what failed. */
const OF_A_START: readonly LoadStep[] = ['module', 'start', 'swap'];
const OF_THE_MACHINE: readonly PolicyErrorCode[] = ['POLICY_UNAVAILABLE', 'POLICY_DEADLINE'];

/** Why a policy was not loaded, and at which step. The message says what to do and holds no path of the host. */
export class LoadFailure extends Error {
  override readonly name = 'LoadFailure';

  constructor(
    readonly step: LoadStep,
    message: string,
    options?: ErrorOptions & { readonly code?: PolicyErrorCode },
  ) {
    super(message, options);
    this.code = options?.code ?? null;
  }

  readonly code: PolicyErrorCode | null;

  /** True when the machine had its part in it, so that the same file may be taken the next time. */
  get mayPass(): boolean {
    if (this.step === 'read')
      return this.cause instanceof Error && !('code' in this.cause && this.cause.code === 'ENOENT');
    if (this.step === 'module') return this.code === null;
    return this.code !== null && OF_THE_MACHINE.includes(this.code);
  }

  /** The step, what went wrong and, when there is one, the code of the policy error. */
  get sentence(): string {
    const code = this.code === null ? '' : ` (${this.code})`;
    const cause = OF_A_START.includes(this.step) ? toldCause(this) : '';
    return `${this.step}: ${this.message}${code}${cause === '' ? '' : `; ${cause}`}`;
  }
}
