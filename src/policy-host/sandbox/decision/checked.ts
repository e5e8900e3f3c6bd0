import { type Json } from '@llama-orch/policy-sdk/abi';

/** An answer that is not as the ABI says. The message names members, never values. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** An object of an answer, read member by member: each reader gives the value or throws a {@link Refusal}. */
export interface Members {
  names(): string[];
  any(name: string): Json;
  text(name: string, longest: number): string;
  matching(name: string, form: RegExp, inWords: string): string;
  number(name: string, least: number, most: number): number;
  whole(name: string, least: number, most: number): number;
  oneOf<Value extends string>(name: string, values: readonly Value[]): Value;
  object(name: string): Members;
  list<Item>(name: string, most: number, read: (item: Members) => Item): Item[];
  optional<Value>(name: string, read: (members: Members, name: string) => Value): Value | undefined;
  required(name: string): void;
  absent(name: string): void;
  refusal(name: string, wanted: string): Refusal;
}

/** What is nested deeper would overflow the stack of whoever writes it out again. */
const MOST_LEVELS = 64;

/** Null stands for a member that is not there: languages without optional members write it. */
export class Checked implements Members {
  private constructor(
    private readonly members: { readonly [member: string]: Json },
    private readonly path: string,
  ) {}

  static json(text: string): Members {
    return Checked.object(parsed(text), '');
  }

  names(): string[] {
    return Object.keys(this.members);
  }

  any(name: string): Json {
    if (!Object.hasOwn(this.members, name)) throw this.refusal(name, 'there');
    const value = this.members[name]!;
    if (isTooDeep(value)) throw this.refusal(name, `nested at most ${MOST_LEVELS} levels`);
    return value;
  }

  text(name: string, longest: number): string {
    const value = this.given(name);
    if (typeof value !== 'string') throw this.refusal(name, 'text');
    if (value.length > longest) throw this.refusal(name, `at most ${longest} characters`);
    return value;
  }

  matching(name: string, form: RegExp, inWords: string): string {
    const value = this.given(name);
    if (typeof value !== 'string' || !form.test(value)) throw this.refusal(name, inWords);
    return value;
  }

  number(name: string, least: number, most: number): number {
    const value = this.given(name);
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw this.refusal(name, `a number up to ${most}`);
    }
    return value;
  }

  whole(name: string, least: number, most: number): number {
    const value = this.number(name, least, most);
    if (!Number.isInteger(value)) throw this.refusal(name, 'a whole number');
    return value;
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value {
    const value = this.given(name);
    const known = values.find((one) => one === value);
    if (known === undefined) throw this.refusal(name, `one of ${values.join(', ')}`);
    return known;
  }

  object(name: string): Members {
    return Checked.object(this.given(name), this.at(name));
  }

  list<Item>(name: string, most: number, read: (item: Members) => Item): Item[] {
    const value = this.given(name);
    if (!Array.isArray(value)) throw this.refusal(name, 'a list');
    if (value.length > most) throw this.refusal(name, `at most ${most} entries`);
    return value.map((item: Json, index) => read(Checked.object(item, `${this.at(name)}/${index}`)));
  }

  optional<Value>(name: string, read: (members: Members, name: string) => Value): Value | undefined {
    return this.given(name) === null ? undefined : read(this, name);
  }

  required(name: string): void {
    if (this.given(name) === null) throw this.refusal(name, 'there');
  }

  absent(name: string): void {
    if (this.given(name) !== null) throw this.refusal(name, 'left out here');
  }

  refusal(name: string, wanted: string): Refusal {
    return new Refusal(`${this.at(name)} must be ${wanted}`);
  }

  private given(name: string): Json {
    return Object.hasOwn(this.members, name) ? this.members[name]! : null;
  }

  private at(name: string): string {
    return `${this.path}/${name.slice(0, 64)}`;
  }

  private static object(value: Json, path: string): Members {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new Refusal(`${path === '' ? 'the answer' : path} must be an object`);
    }
    return new Checked(value as { readonly [member: string]: Json }, path);
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Refusal('the answer must be JSON');
  }
}

/** Level by level, so that the check itself stays off the stack. */
function isTooDeep(root: Json): boolean {
  let level: Json[] = [root];
  for (let depth = 0; depth <= MOST_LEVELS; depth += 1) {
    level = level.flatMap((value) => (value !== null && typeof value === 'object' ? Object.values<Json>(value) : []));
    if (level.length === 0) return false;
  }
  return true;
}
