import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Violation } from '../kernel/errors.js';
import { isUnsafeInteger, wasWrittenAsInteger } from './exact-json.js';

export type ContractName = 'data' | 'control';

/** An OpenAPI document as far as the server reads it. */
export interface OpenApiDocument {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface OpenApiOperation {
  readonly operationId?: string;
  readonly 'x-scope'?: string;
  readonly 'x-rate-limited'?: boolean;
}

const FOLDER = new URL('../../contracts/generated/', import.meta.url);
const LONGEST_NAME = 200;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** The text of a document as it is served: made from contracts/openapi, and self-contained. */
export function contractText(name: ContractName): string {
  return readFileSync(new URL(`${name}.json`, FOLDER), 'utf8');
}

export function loadContract(name: ContractName): OpenApiDocument {
  return JSON.parse(contractText(name)) as OpenApiDocument;
}

/**
 * Compiles one schema of the contract. `maxTokens` is the operator's limit in place of the documented default.
 * Looking for `all` violations takes a time that grows with the square of their number.
 */
export function compileSchema(
  contract: OpenApiDocument,
  name: string,
  maxTokens: number,
  find: 'all' | 'first',
): ValidateFunction {
  const ajv = new Ajv2020({ allErrors: find === 'all', strict: false, verbose: true, validateFormats: true });
  ajv.addFormat('uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i);
  for (const format of ['int32', 'int64']) ajv.addFormat(format, true);
  ajv.addKeyword({ keyword: 'x-int64', error: { message: INT64_RULE }, validate: isInt64 });
  ajv.addKeyword({
    keyword: 'x-max-bytes',
    type: 'string',
    error: { message: 'is too long' },
    validate: (most: number, text: string) => Buffer.byteLength(text) <= most,
  });
  ajv.addSchema({ ...withLimits(contract, maxTokens), $id: 'contract' });
  return ajv.compile({ $ref: `contract#/components/schemas/${name}` });
}

const INT64_RULE = 'must be an integer within ±(2^53−1), or a string of decimal digits within the int64 range';

/** Checks the text that was sent: 1.0, 1e3 and integers that lost digits are no int64. */
function isInt64(
  _: boolean,
  value: unknown,
  _schema?: object,
  at?: { parentData: unknown; parentDataProperty: string | number },
): boolean {
  if (isUnsafeInteger(value)) return false;
  if (typeof value === 'string')
    return /^-?\d{1,19}$/.test(value) && BigInt(value) >= INT64_MIN && BigInt(value) <= INT64_MAX;
  return wasWrittenAsInteger(at?.parentData, at?.parentDataProperty);
}

function withLimits(contract: OpenApiDocument, maxTokens: number): object {
  const limited = structuredClone(contract) as {
    components: { schemas: Record<string, { properties?: Record<string, Record<string, unknown>> }> };
  };
  for (const { properties = {} } of Object.values(limited.components.schemas)) {
    for (const property of Object.values(properties))
      if (property['x-limit'] === 'limits.max_tokens') property['maximum'] = maxTokens;
  }
  return limited;
}

/** What a person needs to know of ajv's findings: one violation per place, in the contract's own words where it has some. */
export function violationsOf(errors: readonly ErrorObject[]): Violation[] {
  const found = new Map<string, Violation>();
  for (const error of errors) {
    const violation = violationOf(error, errors);
    if (violation !== undefined && !found.has(violation.pointer)) found.set(violation.pointer, violation);
  }
  return [...found.values()];
}

function violationOf(error: ErrorObject, all: readonly ErrorObject[]): Violation | undefined {
  const parent = error.parentSchema as { 'x-message'?: string; 'x-int64'?: boolean } | undefined;
  const pointer = error.instancePath;
  switch (error.keyword) {
    case 'if':
      return undefined;
    case 'additionalProperties':
      return {
        pointer: `${pointer}/${escaped(String(error.params['additionalProperty']))}`,
        message: 'is not a known member',
      };
    case 'required': {
      const member = escaped(String(error.params['missingProperty']));
      return { pointer: `${pointer}/${member}`, message: parent?.['x-message'] ?? 'is required' };
    }
    case 'not':
      return { pointer, message: parent?.['x-message'] ?? 'is not allowed here' };
    case 'enum':
      return { pointer, message: `must be one of ${(error.params['allowedValues'] as unknown[]).join(', ')}` };
    case 'const':
      return { pointer, message: `must be ${JSON.stringify(error.params['allowedValue'])}` };
    case 'oneOf':
      return all.some((other) => other !== error && other.instancePath.startsWith(pointer) && other.keyword !== 'if')
        ? undefined
        : { pointer, message: 'has no allowed form' };
    case 'pattern':
      return { pointer, message: parent?.['x-message'] ?? error.message ?? 'is invalid' };
    case 'x-max-bytes':
      return { pointer, message: `must be at most ${String(error.schema)} bytes long` };
    default:
      return {
        pointer,
        message:
          parent?.['x-int64'] === true && error.keyword === 'type' ? INT64_RULE : (error.message ?? 'is invalid'),
      };
  }
}

/** A member as a step of a JSON Pointer; one with an endless name is not sent back whole. */
function escaped(member: string): string {
  const name = member.length > LONGEST_NAME ? `${member.slice(0, LONGEST_NAME)}…` : member;
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
