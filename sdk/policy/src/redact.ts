import { type Finding, type Json, type Redaction, type RedactionMethod } from './abi.js';
import { type BodyView } from './context/body.js';
import { type FindingsView } from './context/findings.js';
import { type Answer, redacting } from './decisions.js';
import { below } from './schema/object.js';
import { s } from './schema/s.js';
import { type Infer } from './schema/schema.js';

/** How something is hidden, and from whom. */
export interface RedactionOptions {
  /** `mask` (default) keeps the last four, `hash` is the same for the same text, `drop` removes, `tokenise` replaces. */
  readonly how?: RedactionMethod;
  /** `response` (default): what the agent gets. `audit`: what is recorded. */
  readonly target?: 'response' | 'audit';
}

const METHODS = s.enum('mask', 'hash', 'drop', 'tokenise');

/** Settings that `redact.byConfig` takes: rules by class of finding or by pointer. */
const rules = s.array(
  s.object({
    class: s.string().optional(),
    pointer: s.string({ pattern: '^(/|$)' }).optional(),
    how: METHODS.default('mask'),
    target: s.enum('response', 'audit').default('response'),
  }),
);

/** Hides parts of an answer. The host does it, so that large bodies never enter the policy. */
export const redact = {
  /** All findings of a class; `secret.*` is all whose class begins with `secret.`. */
  class: (name: string, options: RedactionOptions = {}): Answer => redacting(rule({ class: name }, options)),

  /** One place, by JSON Pointer: `/user/email`. */
  pointer: (pointer: string, options: RedactionOptions = {}): Answer => redacting(rule({ pointer }, options)),

  /** Put `redactions: redact.rules` into the settings, and the operator writes the rules. */
  rules,

  /** Hides what the operator wrote into {@link redact.rules}. */
  byConfig: (configured: Infer<typeof rules>): Answer =>
    redacting(
      ...configured.flatMap(({ class: name, pointer, ...options }) => [
        ...(name === undefined ? [] : [rule({ class: name }, options)]),
        ...(pointer === undefined ? [] : [rule({ pointer }, options)]),
      ]),
    ),

  /** A hook of your own: for each finding, how it is hidden, or nothing. */
  findings: (findings: FindingsView, how: (finding: Finding) => RedactionOptions | undefined): Answer =>
    redacting(
      ...findings.list.flatMap((finding) => {
        const options = how(finding);
        return options === undefined ? [] : [rule({ pointer: inBody(finding.at) }, options)];
      }),
    ),

  /** A hook of your own: for each value of a JSON body, how it is hidden, or nothing. A hidden value is not entered. */
  values: (body: BodyView, how: (value: Json, pointer: string) => RedactionOptions | undefined): Answer =>
    redacting(...walk(body.json ?? null, '', how)),
} as const;

function rule(
  what: Pick<Redaction, 'class' | 'pointer'>,
  { how = 'mask', target = 'response' }: RedactionOptions,
): Redaction {
  return { target, ...what, how };
}

/** Findings point into the response, redactions of a response into its body. */
function inBody(at: string): string {
  return at.startsWith('/body') ? at.slice('/body'.length) : at;
}

function walk(
  value: Json,
  pointer: string,
  how: (value: Json, pointer: string) => RedactionOptions | undefined,
): Redaction[] {
  const options = how(value, pointer);
  if (options !== undefined) return [rule({ pointer }, options)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => walk(member, below(pointer, name), how));
}
