import { type PolicyErrorCode } from '../policy-error.js';

/** The steps from a file to a policy that is asked, in their order. */
export const LOAD_STEPS = [
  'read',
  'size',
  'digest',
  'signature',
  'module',
  'hooks',
  'settings',
  'start',
  'describe',
  'tests',
  'name',
  'swap',
] as const;
export type LoadStep = (typeof LOAD_STEPS)[number];

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

  /** The step, what went wrong and, when there is one, the code of the policy error. */
  get sentence(): string {
    const code = this.code === null ? '' : ` (${this.code})`;
    return `${this.step}: ${this.message}${code}`;
  }
}
