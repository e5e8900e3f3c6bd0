import { InvalidArgumentError } from 'commander';

/** Parses a whole number. */
export function integer(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** Parses an int64: a number while exact, else its digits. */
export function int64(text: string): number | string {
  if (!/^-?\d{1,19}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of at most 19 digits.');
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

export function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** Parses JSON text. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidArgumentError('It must be JSON.');
  }
}

/** Collects a flag that may be repeated. */
export function repeated(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text];
}

/** Collects `key=value` flags. */
export function label(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be key=value.');
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) };
}
