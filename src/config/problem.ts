/** A place in a configuration file. */
export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** The line itself, with secrets masked. */
  readonly text: string;
}

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** `pools[0].engine`; empty when it concerns the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** What would be right there. */
  readonly expected?: string;
  /** What the author may have meant, or what to do. */
  readonly hint?: string;
  readonly position?: Position;
  /** Where the value came from when it did not stand in a file: a variable, a flag, a file that cannot be read. */
  readonly source?: string;
}

/** Everything that is wrong with a configuration, at once. The command ends with exit code 78. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly ConfigProblem[]) {
    super(problems.map(problemText).join('\n\n'));
  }
}

/** A problem as people read it: place, message, the line with a mark, what is expected, a hint. */
export function problemText(problem: ConfigProblem): string {
  return [
    `${placeOf(problem)}${problem.message}`,
    ...quote(problem.position),
    ...(problem.expected === undefined ? [] : [`  expected: ${problem.expected}`]),
    ...(problem.hint === undefined ? [] : [`  ${problem.hint}`]),
  ].join('\n');
}

function placeOf({ position, source }: ConfigProblem): string {
  if (position !== undefined) return `${position.file}:${position.line}:${position.column}: `;
  return source === undefined ? '' : `${source}: `;
}

function quote(position: Position | undefined): string[] {
  if (position === undefined) return [];
  const number = String(position.line).padStart(5);
  const mark = ' '.repeat(Math.min(position.column - 1, position.text.length));
  return [`${number} | ${position.text}`, `${' '.repeat(number.length)} | ${mark}^`];
}
