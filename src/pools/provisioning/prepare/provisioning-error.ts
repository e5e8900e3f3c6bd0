/** A step of getting an engine failed. The message says what, and what to do. */
export class ProvisioningError extends Error {
  override readonly name = 'ProvisioningError';
}
