/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** Shorter values stand in too many texts by chance, so they are not looked for; longer ones are no secrets. Characters. */
export const SECRET_LENGTHS = { least: 8, most: 16 * 1024 } as const;

/** Takes secrets out of everything that leaves the daemon beside answers. Idempotent; never throws. */
export abstract class Redactor {
  /** Known secrets and configured patterns, credentials in URLs and secret query parameters. */
  abstract text(text: string): string;
  /** What somebody asked to keep: known secrets, configured patterns, personal data where that is asked for. Names count for nothing. */
  abstract content(text: string): string;
  /** Credentials, secret query parameters, then as `text`. */
  abstract url(url: string): string;
  /** A header by its name and value: `Authorization`, `Cookie`, … lose their value. */
  abstract header(name: string, value: string): string;
  /** A JSON value: members with secret names lose their value, texts are treated as `text`. The same object where there is none. */
  abstract value<Value>(value: Value): Value;
  /**
   * For a body that comes in pieces: a secret that two pieces share is caught. In `bytes` that are no text only known
   * values are looked for, as patterns would find what is none.
   */
  abstract stream(body?: 'text' | 'bytes'): RedactionStream;
  /** One that knows these secrets beside all that this one knows and learns. */
  abstract including(secrets: readonly string[]): Redactor;
  /** Makes a value known as a secret from now on; values beyond {@link SECRET_LENGTHS} are not looked for. */
  abstract learn(secret: string): void;
}

export interface RedactionStream {
  /** What of this piece can be passed on; the rest waits for the next. */
  push(piece: Uint8Array): Uint8Array;
  /** The rest. @param isCut the body goes on elsewhere: what may begin a secret at its end is left out */
  end(isCut?: boolean): Uint8Array;
}
