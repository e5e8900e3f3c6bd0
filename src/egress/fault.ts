import { type EgressFailureKind } from './egress.js';

/** The far side failed, before the audit has its row. The message names no address. */
export class Fault extends Error {
  override readonly name = 'Fault';

  constructor(
    readonly kind: EgressFailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
