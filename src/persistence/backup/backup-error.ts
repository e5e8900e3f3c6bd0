/** Why nothing was backed up or restored; for the operator. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}
