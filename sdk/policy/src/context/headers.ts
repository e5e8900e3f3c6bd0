type Header = readonly [string, string];

/** Headers by name in any case. Secrets in them are masked. */
export class HeadersView {
  constructor(private readonly list: readonly Header[]) {}

  /** The first value; undefined when it is not there. */
  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  all(name: string): readonly string[] {
    const lower = name.toLowerCase();
    return this.list.filter(([key]) => key === lower).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get names(): readonly string[] {
    return [...new Set(this.list.map(([name]) => name))];
  }
}
