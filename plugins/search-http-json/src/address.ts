/** The address of one search. */
export function addressOf(template: string, query: string, limit: number): string {
  const values: Readonly<Record<string, string>> = { query: encodeURIComponent(query), limit: String(limit) };
  // In one pass: a query that holds {limit} stays what it is.
  return template.replaceAll(/\{(query|limit)\}/g, (_whole, name: string) => values[name] ?? '');
}
