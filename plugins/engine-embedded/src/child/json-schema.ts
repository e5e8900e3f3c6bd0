import { refuse } from './failure.js';

type Json = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set([
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  '$schema',
  '$id',
  '$comment',
]);
/** Keywords that the grammar can keep, by the kind of schema. Everything else would be dropped silently. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  $ref: ['$ref', '$defs'],
  oneOf: ['oneOf', '$defs'],
  anyOf: ['anyOf', '$defs'],
  const: ['const', 'type'],
  enum: ['enum', 'type'],
  object: ['type', 'properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties', '$defs'],
  array: ['type', 'items', 'prefixItems', 'minItems', 'maxItems', '$defs'],
  string: ['type', 'minLength', 'maxLength', 'format'],
  scalar: ['type'],
};
const SCALARS = ['string', 'number', 'integer', 'boolean', 'null'];
const FORMATS = ['date', 'time', 'date-time'];
const BOUNDS = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'];
// A grammar unrolls repetitions, so each bound costs memory in the engine.
const LARGEST_BOUND = 2_000;
const DEEPEST = 32;
const MOST_NODES = 2_000;
const ANY_OBJECT = { type: 'object', additionalProperties: true };
const ANY = { oneOf: [{ type: ['string', 'number', 'boolean', 'null'] }, ANY_OBJECT, { type: 'array' }] };

/**
 * Rewrites a JSON Schema into the part of it that the engine's grammar keeps.
 * @throws RunnerFailure `not_supported` when the schema asks for more, since the answer could break it
 */
export function schemaForGrammar(schema: unknown): Json {
  const budget = { nodes: MOST_NODES };
  if (isJson(schema) && kindOf(schema) === 'any') return ANY_OBJECT;
  return convert(schema, 0, budget);
}

function convert(schema: unknown, depth: number, budget: { nodes: number }): Json {
  if (schema === true) return ANY;
  if (!isJson(schema)) throw unsupported('a schema that is not an object');
  budget.nodes -= 1;
  if (depth > DEEPEST || budget.nodes < 0) throw unsupported('a schema of this size');
  const kind = kindOf(schema);
  if (kind === 'any') return ANY;
  const bare = Object.fromEntries(Object.entries(schema).filter(([key]) => !ANNOTATIONS.has(key)));
  for (const key of Object.keys(bare)) if (!KEPT[kind]?.includes(key)) throw unsupported(`the keyword ${key} here`);
  checkValues(bare);
  const { anyOf, ...rest } = bare;
  return children(anyOf === undefined ? rest : { ...rest, oneOf: anyOf }, (child) => convert(child, depth + 1, budget));
}

function kindOf(schema: Json): string {
  for (const kind of ['$ref', 'oneOf', 'anyOf', 'const', 'enum']) if (kind in schema) return kind;
  const { type } = schema;
  if (type === 'object' || type === 'array' || type === 'string') return type;
  if (Array.isArray(type) && type.length > 0 && type.every((name) => SCALARS.includes(String(name)))) return 'scalar';
  if (typeof type === 'string' && SCALARS.includes(type)) return 'scalar';
  if (type === undefined && Object.keys(schema).every((key) => ANNOTATIONS.has(key))) return 'any';
  throw unsupported(`the type ${JSON.stringify(type)?.slice(0, 60)}`);
}

function checkValues(schema: Json): void {
  for (const key of BOUNDS) {
    const bound = schema[key];
    if (bound === undefined) continue;
    if (!Number.isInteger(bound) || (bound as number) < 0 || (bound as number) > LARGEST_BOUND) {
      throw unsupported(`${key} outside 0 to ${LARGEST_BOUND}`);
    }
  }
  if (
    'format' in schema &&
    (!FORMATS.includes(String(schema.format)) || 'minLength' in schema || 'maxLength' in schema)
  ) {
    throw unsupported('this format');
  }
  if ('enum' in schema && !(Array.isArray(schema.enum) && schema.enum.length > 0)) throw unsupported('an empty enum');
  const literals = [...('const' in schema ? [schema.const] : []), ...((schema.enum as unknown[] | undefined) ?? [])];
  if (literals.some((value) => typeof value === 'object' && value !== null))
    throw unsupported('a constant object or list');
  if (!requiredAreNamed(schema)) throw unsupported('a required member that properties does not name');
  if ('$ref' in schema && !/^#\/\$defs\/[^/]+$/.test(String(schema.$ref)))
    throw unsupported('a reference outside $defs');
}

function requiredAreNamed({ required = [], properties = {} }: Json): boolean {
  return Array.isArray(required) && isJson(properties) && required.every((name) => String(name) in properties);
}

function children(schema: Json, visit: (child: unknown) => Json): Json {
  const visited: Record<string, unknown> = { ...schema };
  for (const key of ['properties', '$defs'])
    if (schema[key] !== undefined) visited[key] = mapValues(schema[key], visit);
  for (const key of ['oneOf', 'prefixItems']) if (schema[key] !== undefined) visited[key] = mapList(schema[key], visit);
  if (schema.items !== undefined) visited.items = visit(schema.items);
  if (schema.type === 'object') visited.additionalProperties = additional(schema, visit);
  return visited;
}

/** An object without any word about its members may hold what it likes; one that names some holds those alone. */
function additional(schema: Json, visit: (child: unknown) => Json): unknown {
  const { additionalProperties: given } = schema;
  if (given === undefined) return schema.properties === undefined;
  if (typeof given === 'boolean') return given;
  return isJson(given) && kindOf(given) === 'any' ? true : visit(given);
}

function mapValues(value: unknown, visit: (child: unknown) => Json): Json {
  if (!isJson(value)) throw unsupported('members that are not an object');
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, visit(child)]));
}

function mapList(value: unknown, visit: (child: unknown) => Json): readonly Json[] {
  if (!Array.isArray(value) || value.length === 0) throw unsupported('an empty list of schemas');
  return value.map(visit);
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unsupported(what: string) {
  return refuse('invalid-input', 'not_supported', `The embedded engine cannot keep a JSON schema with ${what}.`);
}
