import { z } from 'zod';
import { ConfigError, type ConfigProblem, type FleetConfig } from '../../config/index.js';
import { type TaskSpec, type Workload } from './workload.js';

const MOST_TOKENS = 2_147_483_647;
const MOST_PROBLEMS = 10;
const tokens = () => z.int().min(1).max(MOST_TOKENS);
const ms = () => z.number().min(0).max(1e13);
const named = () => z.string().min(1).max(200);

/** One line of a trace. Member names are those of the file, times in ms. */
const lineSchema = z
  .strictObject({
    arrival_ms: ms(),
    prompt_tokens: tokens(),
    output_tokens: tokens(),
    max_tokens: tokens(),
    expected_tokens: tokens().optional(),
    priority: z.enum(['interactive', 'batch']).default('interactive'),
    tenant: named().default('default'),
    session: named().optional(),
    model: named().optional(),
    deadline_ms: ms().optional(),
    cancel_after_ms: ms().optional(),
    retries: z.int().min(0).max(1_000).default(2),
  })
  .refine(({ output_tokens, max_tokens }) => output_tokens <= max_tokens, {
    path: ['output_tokens'],
    error: 'must be at most max_tokens',
  });

type Line = z.output<typeof lineSchema>;
const COLUMNS = new Set(Object.keys(lineSchema.shape));
const TEXT_COLUMNS = new Set(['priority', 'tenant', 'session', 'model']);

/**
 * Reads a trace: one task per line, as JSON objects or as CSV with a head line. Lines need not be in order.
 * @throws ConfigError with the first ten problems and where they stand
 */
export function readTrace(file: string, text: string, fleet: FleetConfig): Workload {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first === -1) throw empty(file);
  const isCsv = !lines[first]!.trimStart().startsWith('{');
  const reader = new TraceReader(file, modelsOf(fleet));
  const specs = isCsv ? reader.csv(lines, first) : reader.json(lines);
  reader.throwProblems();
  if (specs.length === 0) throw empty(file);
  specs.sort((a, b) => a.arrivalMs - b.arrivalMs);
  return { name: file, count: specs.length, faults: [], tasks: () => specs };
}

function empty(file: string): ConfigError {
  return new ConfigError([{ path: '', source: file, message: 'holds no task' }]);
}

class TraceReader {
  private readonly problems: ConfigProblem[] = [];

  constructor(
    private readonly file: string,
    /** Undefined when every model is served. */
    private readonly models: ReadonlySet<string> | undefined,
  ) {}

  json(lines: readonly string[]): TaskSpec[] {
    return this.each(lines, 0, (text) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return undefined;
      }
    });
  }

  csv(lines: readonly string[], first: number): TaskSpec[] {
    const head = cellsOf(lines[first]!);
    for (const name of head.filter((column) => !COLUMNS.has(column))) {
      const expected = `columns of ${[...COLUMNS].join(', ')}`;
      this.add(first + 1, lines[first]!, `unknown column "${name}"`, expected);
    }
    return this.each(lines, first + 1, (text) => recordOf(head, cellsOf(text)));
  }

  throwProblems(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  private each(lines: readonly string[], from: number, parse: (text: string) => unknown): TaskSpec[] {
    const specs: TaskSpec[] = [];
    for (let index = from; index < lines.length && this.problems.length < MOST_PROBLEMS; index++) {
      const text = lines[index]!;
      if (text.trim() === '') continue;
      const value = parse(text);
      const parsed = lineSchema.safeParse(value);
      if (parsed.success) specs.push(this.served(index + 1, text, specOf(parsed.data)));
      else if (value === undefined) this.add(index + 1, text, 'not valid JSON', 'one JSON object per line');
      else for (const issue of parsed.error.issues) this.add(index + 1, text, sentenceOf(issue));
    }
    return specs;
  }

  /** A task that no pool could ever take is a mistake in one of the two files. */
  private served(line: number, text: string, spec: TaskSpec): TaskSpec {
    const { models } = this;
    if (spec.model === undefined || models === undefined || models.has(spec.model)) return spec;
    this.add(line, text, `no pool of the fleet serves model "${spec.model}"`, [...models].join(', '));
    return spec;
  }

  private add(line: number, text: string, message: string, expected?: string): void {
    const position = { file: this.file, line, column: 1, text: text.slice(0, 200) };
    this.problems.push({ path: '', message, position, ...(expected === undefined ? {} : { expected }) });
  }
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown member "${issue.keys.join('", "')}"`;
  const path = issue.path.join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}

/** Cells of a CSV line; a cell in double quotes may hold commas, and quotes twice. */
function cellsOf(line: string): string[] {
  const cells = line.match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^,]*)/g) ?? [];
  return cells.map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell.trim()));
}

/** An empty cell is an absent member; names stay text, everything else is a number. */
function recordOf(head: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const pairs = head.map((name, at) => [name, cells[at] ?? ''] as const).filter(([, cell]) => cell !== '');
  return Object.fromEntries(pairs.map(([name, cell]) => [name, TEXT_COLUMNS.has(name) ? cell : numberOf(cell)]));
}

function numberOf(cell: string): number | string {
  const value = Number(cell);
  return Number.isNaN(value) ? cell : value;
}

/** A pool without a model serves every one. */
function modelsOf({ pools }: FleetConfig): ReadonlySet<string> | undefined {
  const named = pools.flatMap(({ model }) => model ?? []);
  return named.length < pools.length ? undefined : new Set(named);
}

function specOf(line: Line): TaskSpec {
  return {
    arrivalMs: line.arrival_ms,
    promptTokens: line.prompt_tokens,
    outputTokens: line.output_tokens,
    maxTokens: line.max_tokens,
    expectedTokens: line.expected_tokens,
    priority: line.priority,
    tenant: line.tenant,
    session: line.session,
    model: line.model,
    deadlineMs: line.deadline_ms,
    cancelAfterMs: line.cancel_after_ms,
    retries: line.retries,
  };
}
