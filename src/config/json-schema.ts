import { z } from 'zod';
import { configSchema } from './schema.js';

/** A node of the JSON Schema, as far as this folder reads it. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly [keyword: string]: unknown;
}

/** The JSON Schema (draft-07) of the configuration file, made from the validator itself. */
export function configJsonSchema(): SchemaNode {
  return z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' }) as SchemaNode;
}

/** The text of `contracts/config.schema.json`: equal bytes on every run. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
