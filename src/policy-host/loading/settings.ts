import { Ajv, type ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Json, type PolicyManifest } from '@llama-orch/policy-sdk/abi';

/** Settings of a policy: those of the operator over its defaults. */
export type Settings = { readonly [member: string]: Json };

export function settingsOf({ defaults }: PolicyManifest, given: Readonly<Record<string, unknown>>): Settings {
  return { ...defaults, ...(given as Settings) };
}

const MOST_PROBLEMS = 8;

/**
 * What the schema of a policy finds wrong with its settings, as sentences. The schema is the author's, patterns included,
 * so this runs in a worker that can be ended.
 */
export function settingsProblems({ configSchema }: PolicyManifest, settings: Settings): string[] {
  const { $schema, ...schema } = configSchema;
  const Dialect = typeof $schema === 'string' && /draft-0[467]/.test($schema) ? Ajv : Ajv2020;
  try {
    const validate = new Dialect({ allErrors: true, strict: false, validateFormats: false, logger: false }).compile(
      schema,
    );
    return validate(settings) ? [] : (validate.errors ?? []).slice(0, MOST_PROBLEMS).map(sentenceOf);
  } catch (error) {
    return [`the policy's own configSchema is no JSON Schema: ${(error as Error).message}`];
  }
}

function sentenceOf({ instancePath, message = 'is not valid', keyword, params }: ErrorObject): string {
  const extra = keyword === 'additionalProperties' ? ` "${String(params['additionalProperty'])}"` : '';
  const choice = keyword === 'enum' ? ` ${JSON.stringify(params['allowedValues'])}` : '';
  return `settings${instancePath} ${message}${extra}${choice}`;
}
