import { type Json } from '../abi.js';
import { onDemand } from '../on-demand.js';
import { type Infer, isJsonObject, type JsonObject, type Report, Schema } from './schema.js';

export type Shape = Readonly<Record<string, Schema<unknown>>>;
type Members<S extends Shape> = { readonly [K in keyof S]: Infer<S[K]> };

/** Settings of a policy are always an object. */
export class ObjectSchema<T> extends Schema<T> {
  constructor(private readonly shape: Shape) {
    const members = Object.entries(shape);
    const inherited = members.find(([name]) => name in {});
    if (inherited !== undefined)
      throw new Error(`s.object: a setting cannot be called ${inherited[0]}; every object has that already`);
    super(objectJson(shape), {
      check: (value, path, report) => checkMembers(shape, value, path, report),
      take: (value) => takeMembers(members, value as JsonObject) as T,
    });
  }

  /** Names of its members. */
  get names(): readonly string[] {
    return Object.keys(this.shape);
  }

  /** Settings that were checked, each taken when it is first asked for. */
  view(read: (name: string) => Json | undefined): T {
    const view = {};
    for (const [name, schema] of Object.entries(this.shape)) onDemand(view, name, () => schema.take(read(name)));
    return view as T;
  }

  /** What members are when an operator says nothing. */
  get defaults(): JsonObject {
    const known = Object.entries(this.shape).map(([name, { standIn }]) => [name, standIn?.value] as const);
    return Object.fromEntries(known.filter((entry): entry is [string, Json] => entry[1] !== undefined));
  }
}

export function objectOf<S extends Shape>(shape: S): ObjectSchema<Members<S>> {
  return new ObjectSchema<Members<S>>(shape);
}

/** An object with members of any name. */
export function recordOf<T>(values: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return new Schema<Readonly<Record<string, T>>>(
    { type: 'object', additionalProperties: values.json },
    {
      check: (value, path, report) => {
        if (!isJsonObject(value)) return report({ path, message: 'has to be an object' });
        for (const [name, member] of Object.entries(value)) values.check(member, below(path, name), report);
      },
      take: values.changes
        ? (value) =>
            Object.fromEntries(Object.entries(value as JsonObject).map(([name, member]) => [name, values.take(member)]))
        : undefined,
    },
  );
}

/** JSON Pointer of a member. */
export function below(path: string, name: string | number): string {
  return `${path}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function checkMembers(shape: Shape, value: Json, path: string, report: Report): void {
  if (!isJsonObject(value)) return report({ path, message: 'has to be an object' });
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(shape, name)) continue;
    report({
      path: below(path, name),
      message: `is not a setting; there are ${Object.keys(shape).join(', ') || 'none'}`,
    });
  }
  for (const [name, schema] of Object.entries(shape)) schema.check(member(value, name), below(path, name), report);
}

/** The object itself when nothing in it changes: it was parsed for this call, and nobody else has it. */
function takeMembers(members: readonly (readonly [string, Schema<unknown>])[], value: JsonObject): unknown {
  const taken = value as Record<string, unknown>;
  for (const [name, schema] of members) {
    if (schema.changes || value[name] === undefined) taken[name] = schema.take(value[name]);
  }
  return taken;
}

function member(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function objectJson(shape: Shape): JsonObject {
  const required = Object.entries(shape).flatMap(([name, schema]) => (schema.standIn === undefined ? [name] : []));
  const properties = Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, schema.json]));
  return { type: 'object', properties, required, additionalProperties: false };
}
