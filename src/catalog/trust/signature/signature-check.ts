import { type TrustReason } from '../reasons.js';

export type SignatureMethod = 'key' | 'certificate' | 'sigstore';

/** What one signature was found to be. */
export type SignatureCheck =
  | {
      readonly verified: true;
      readonly method: SignatureMethod;
      /** Who signed: fingerprint of the key, subject of the certificate, or identity. */
      readonly signer: string;
      /** Such as `ecdsa-p256-sha256`. */
      readonly algo: string;
      /** When it was made, epoch ms, where that is proven. */
      readonly timestampMs: number | undefined;
    }
  | { readonly verified: false; readonly reason: TrustReason };
