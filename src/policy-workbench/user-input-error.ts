/** What was given to the workbench cannot be used; the message says why and what to give instead. */
export class UserInputError extends Error {
  override readonly name = 'UserInputError';
}
