/** The OpenAPI documents as texts, by file name. */
export class ServedDocuments {
  constructor(private readonly texts: ReadonlyMap<string, string>) {}

  get names(): string[] {
    return [...this.texts.keys()];
  }

  get(name: string): string | undefined {
    return this.texts.get(name);
  }
}
