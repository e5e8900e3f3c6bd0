/** A patch that cannot be carried out. The message says why, without values of the event. */
export class RefusedPatch extends Error {
  override readonly name = 'RefusedPatch';
}
