const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/** The method of a call, in upper case. */
export class Method {
  constructor(readonly text: string) {}

  /** It only reads (RFC 9110). */
  get isSafe(): boolean {
    return SAFE.includes(this.text);
  }

  /** In any case: `get` stands for GET. */
  isOneOf(methods: readonly string[]): boolean {
    return methods.some((method) => method.toUpperCase() === this.text);
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}
