const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Text without the bytes that could steer a terminal; line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replace(CONTROL, '');
}

/** A JSON text with its control characters as escapes; JSON itself asks for that of the first 32 alone. */
export function escapedJson(json: string): string {
  const beyond = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
  return json.replace(beyond, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Aligned columns without borders. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => `${joinColumns(line, widths)}\n`).join('');
}

function joinColumns(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}

/** `label  value` lines; members without a value are left out. */
export function facts(pairs: readonly (readonly [label: string, value: unknown])[]): string {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '');
  const width = Math.max(0, ...known.map(([label]) => label.length));
  return known.map(([label, value]) => `${label.padEnd(width)}  ${printable(String(value))}\n`).join('');
}

/** A duration for people: `420 ms`, `9.4 s`, `3 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 120_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.round(milliseconds / 60_000)} min`;
}

/** `1 token`, `2 tokens`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
