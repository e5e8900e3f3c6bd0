const LONGEST = 80;

/** A name that an author chose, fit for a message: in quotes, without control characters, not too long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name);
}
