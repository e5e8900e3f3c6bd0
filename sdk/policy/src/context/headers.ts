type Header = readonly [string, string];

/** Headers by name in any case. Secrets in them are masked. */
export class HeadersView {
  constructor(private readonly list: readonly Header[]) {}

  /** The first value; undefined when it is not there. */
  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** All values, in their order. */
  all(name: string): readonly string[] {
    const lower = name.toLowerCase();
    return this.list.filter(([key]) => key === lower).map(([, value]) => value);
  }

  /** It is there, even when it is empty. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Each name once, in lower case. */
  get names(): readonly string[] {
    return [...new Set(this.list.map(([name]) => name))];
  }
}
