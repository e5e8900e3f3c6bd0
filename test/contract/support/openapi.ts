import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Json = Record<string, unknown>;

/** The parts of a bundled OpenAPI document that the tests look at. */
export interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: Record<string, Record<string, Json>>;
  readonly security: unknown;
}

export interface Operation {
  readonly operationId?: string;
  readonly security?: unknown;
  readonly parameters?: readonly Json[];
  readonly requestBody?: { readonly content: Record<string, Content> };
  readonly responses: Record<string, Response>;
  readonly 'x-req-id'?: readonly string[];
}

export interface Response {
  readonly headers?: Record<string, Json>;
  readonly content?: Record<string, Content>;
}

export interface Content {
  readonly schema: Json;
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
  readonly 'x-sse-events'?: Record<string, Json>;
}

const FORMATS = {
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  int32: true,
  int64: true,
} as const;
const KEYWORDS = ['x-int64', 'x-max-bytes', 'x-limit', 'x-message', 'components'];

/** One bundled document and the validators of its schemas. */
export class Contract {
  readonly document: Document;
  private readonly ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    strictTypes: false,
    strictRequired: false,
    allErrors: true,
    formats: FORMATS,
  });

  constructor(readonly name: 'data' | 'control') {
    const url = new URL(`../../../contracts/generated/${name}.json`, import.meta.url);
    this.document = JSON.parse(readFileSync(url, 'utf8')) as Document;
    this.ajv.addVocabulary(KEYWORDS);
    this.ajv.addSchema({ $id: 'contract', components: this.document.components });
  }

  /** The validator of a schema that stands somewhere in the document. */
  validator(schema: Json): ValidateFunction {
    return this.ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"contract#/')) as Json);
  }

  schema(name: string): ValidateFunction {
    return this.validator({ $ref: `#/components/schemas/${name}` });
  }

  /** What is wrong with a value, in words; empty when it is valid. */
  faults(schema: Json, value: unknown): string[] {
    const validate = this.validator(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`);
  }

  operations(): { path: string; method: string; operation: Operation }[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
  }

  /** Follows a reference to its component; other values stay as they are. */
  resolve<Value>(value: Value): Value {
    const reference = (value as { $ref?: string }).$ref;
    if (reference === undefined) return value;
    const [, , section, name] = reference.split('/');
    return this.document.components[section ?? '']?.[name ?? ''] as Value;
  }
}

export const CONTRACTS = [new Contract('data'), new Contract('control')] as const;

/** All examples of one body. */
export function examplesOf(content: Content): unknown[] {
  const single = content.example === undefined ? [] : [content.example];
  return [...single, ...Object.values(content.examples ?? {}).map(({ value }) => value)];
}
