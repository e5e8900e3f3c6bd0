import { z } from '@llama-orch/plugin-sdk';
import { addressOf } from './address.js';

const pointer = () =>
  z.string().regex(/^(?:\/(?:[^~/]|~[01])*)*$/, 'must be a JSON Pointer such as /results, or empty for the whole');

const url = z
  .string()
  .min(1)
  .max(4_096)
  .refine((template) => template.includes('{query}'), 'must hold {query}')
  .refine(leadsToOneHost, 'must begin with http:// or https://, and have {query} and {limit} after the host');

/** What an operator may write under `options` of this provider. */
export const httpJsonOptions = z.strictObject({
  /** Where to ask: `{query}` and `{limit}` are filled in, percent-encoded. */
  url,
  headers: z.record(z.string().min(1).max(100), z.string().max(4_096)).default({}),
  /** Names of `tools.secrets` whose headers the host adds. */
  secrets: z.array(z.string().min(1).max(63)).max(8).default([]),
  /** Where the list is in the answer, and where the members are in each of its items. */
  results: pointer().default('/results'),
  title: pointer().default('/title'),
  link: pointer().default('/url'),
  snippet: pointer().default('/content'),
});

export type HttpJsonOptions = z.output<typeof httpJsonOptions>;

/** The text of a search never chooses who is asked. */
function leadsToOneHost(template: string): boolean {
  const origins = ['a', 'b.example'].map((query) => originOf(addressOf(template, query, 1)));
  return origins[0] !== undefined && origins[0] === origins[1];
}

function originOf(text: string): string | undefined {
  const parsed = URL.parse(text);
  return parsed?.protocol === 'http:' || parsed?.protocol === 'https:' ? parsed.origin : undefined;
}
