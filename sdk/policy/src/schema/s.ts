import { type Json } from '../abi.js';
import { hostPatternProblem, trustPatterns } from '../context/host-patterns.js';
import { isRange } from '../context/ip.js';
import { below, objectOf, recordOf } from './object.js';
import { type JsonObject, type Report, Schema } from './schema.js';

interface NumberBounds {
  readonly minimum?: number;
  readonly maximum?: number;
}

interface TextBounds {
  readonly minLength?: number;
  readonly maxLength?: number;
  /** A regular expression that is found in the text. */
  readonly pattern?: string;
}

interface ListBounds {
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** A sieve for editors and for the host; the sentences come from the check itself. */
const HOST_PATTERN = '^(\\*\\.)?[a-z0-9_:][a-z0-9_.:-]*$';

/** Describes settings: `s.object({ hosts: s.array(s.host()) })`. */
export const s = {
  /** Members by name; one that is not named is refused. */
  object: objectOf,

  /** A list whose entries are all alike. */
  array: <T>(items: Schema<T>, bounds: ListBounds = {}): Schema<readonly T[]> =>
    new Schema<readonly T[]>(
      { type: 'array', items: items.json, ...bounds },
      {
        check: (value, path, report) => {
          if (!isList(value)) return report({ path, message: 'has to be a list' });
          const problem = lengthProblem(value.length, 'entries', bounds.minItems, bounds.maxItems);
          if (problem !== undefined) report({ path, message: problem });
          value.forEach((item, index) => items.check(item, below(path, index), report));
        },
        take: (value) => items.takeList(value as readonly Json[]),
      },
    ),

  /** Any names, whose values are all alike. */
  record: recordOf,

  /** Text. */
  string: (bounds: TextBounds = {}): Schema<string> =>
    plain<string>({ type: 'string', ...bounds }, (value) => {
      if (typeof value !== 'string') return 'has to be text';
      const length = lengthProblem(value.length, 'characters', bounds.minLength, bounds.maxLength);
      if (length !== undefined || bounds.pattern === undefined) return length;
      return new RegExp(bounds.pattern, 'u').test(value) ? undefined : `does not match ${bounds.pattern}`;
    }),

  /** A host, or `*.` and a domain for all hosts below it, as `c.url.host.isOneOf` takes them. */
  host: (): Schema<string> =>
    new Schema<string>(
      { type: 'string', pattern: HOST_PATTERN },
      {
        check: reporting((value) => (typeof value === 'string' ? hostPatternProblem(value) : 'has to be text')),
        onList: trustPatterns,
      },
    ),

  /** A range of addresses, such as `10.0.0.0/8`, or one address. */
  cidr: (): Schema<string> =>
    plain<string>({ type: 'string' }, (value) =>
      typeof value === 'string' && isRange(value) ? undefined : 'has to be a range such as 10.0.0.0/8 or 2001:db8::/32',
    ),

  /** Any finite number. */
  number: (bounds: NumberBounds = {}): Schema<number> =>
    plain<number>({ type: 'number', ...bounds }, (value) => numberProblem(value, bounds)),

  /** A whole number. */
  integer: (bounds: NumberBounds = {}): Schema<number> =>
    plain<number>({ type: 'integer', ...bounds }, (value) =>
      Number.isInteger(value) ? numberProblem(value, bounds) : 'has to be a whole number',
    ),

  /** true or false. */
  boolean: (): Schema<boolean> =>
    plain<boolean>({ type: 'boolean' }, (value) =>
      typeof value === 'boolean' ? undefined : 'has to be true or false',
    ),

  /** One of these texts. */
  enum: <const T extends string>(...values: readonly T[]): Schema<T> =>
    plain<T>({ type: 'string', enum: values }, (value) =>
      (values as readonly Json[]).includes(value) ? undefined : `has to be one of ${values.join(', ')}`,
    ),
} as const;

type ProblemOf = (value: Json) => string | undefined;

/** A schema whose settings are taken as they are. */
function plain<T>(json: JsonObject, problemOf: ProblemOf): Schema<T> {
  return new Schema<T>(json, { check: reporting(problemOf) });
}

function reporting(problemOf: ProblemOf) {
  return (value: Json, path: string, report: Report): void => {
    const message = problemOf(value);
    if (message !== undefined) report({ path, message });
  };
}

function numberProblem(value: Json, { minimum = -Infinity, maximum = Infinity }: NumberBounds): string | undefined {
  if (typeof value !== 'number') return 'has to be a number';
  if (value < minimum) return `is below ${minimum}`;
  return value > maximum ? `is over ${maximum}` : undefined;
}

function lengthProblem(length: number, of: string, minimum = 0, maximum = Infinity): string | undefined {
  if (length < minimum) return `needs at least ${minimum} ${of}`;
  return length > maximum ? `has more than ${maximum} ${of}` : undefined;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
