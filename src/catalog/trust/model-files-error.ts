export type ModelFilesFault =
  | 'path'
  | 'link'
  | 'special-file'
  | 'collision'
  | 'too-many'
  | 'too-large'
  | 'empty'
  | 'missing'
  | 'unreadable'
  | 'changed';

/** The files of a model cannot be taken as they are. The message names paths inside the model alone. */
export class ModelFilesError extends Error {
  override readonly name = 'ModelFilesError';

  constructor(
    readonly fault: ModelFilesFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** From an error of the file system. */
  static reading(what: string, cause: unknown): ModelFilesError {
    const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
    const fault = code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable';
    return new ModelFilesError(fault, `${what} cannot be read (${code})`, { cause });
  }
}
