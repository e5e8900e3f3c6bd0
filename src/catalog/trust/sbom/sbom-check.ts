import { type TrustReason } from '../reasons.js';

/** What the bill of materials of a model was found to be. */
export type SbomCheck =
  | { readonly type: 'missing' }
  | { readonly type: 'agrees' }
  | { readonly type: 'refused'; readonly reason: TrustReason };
