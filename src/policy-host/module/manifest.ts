import semver from 'semver';
import { z } from 'zod';
import { ABI_VERSION, HOST_MODULE, type Json, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { POLICY_GRANTS } from '../../config/policy-schema.js';
import { PolicyError } from '../policy-error.js';
import { OFFERED_IMPORTS } from './offered-imports.js';
import { quoted } from './quoted.js';

export const HOOKS = ['on_request', 'on_response', 'on_admission'] as const;
/** Deeper JSON would overflow the stack of whoever walks over it. */
const MAX_DEPTH = 64;
const ABI_MAJOR = Number.parseInt(ABI_VERSION, 10);

const json = z.custom<Json>((value) => value !== undefined);
const members = z.record(z.string(), json);

const schema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,63}$/, 'is 1 to 63 of a-z, 0-9 and -'),
  version: z.string().refine((text) => semver.valid(text) === text, 'is not a version such as 1.0.0'),
  abi: z.string().regex(/^\d{1,4}\.\d{1,4}$/, 'is not a version such as 1.0'),
  hooks: z.array(z.enum(HOOKS)).min(1).refine(isDistinct, 'names a hook twice'),
  capabilities: z.array(z.string()).default([]),
  configSchema: members.default({}),
  defaults: members.default({}),
  fuelHint: z.int().min(0).default(0),
  tests: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        hook: z.enum(HOOKS),
        event: members,
        config: members.default({}),
        expect: members,
      }),
    )
    .default([]),
  source: z.strictObject({ repo: z.string(), commit: z.string() }).nullable().default(null),
  license: z.string().nullable().default(null),
});

/**
 * Reads what a module says of itself, from its custom section or from the answer of `describe`. Members that may be absent
 * come back with their defaults, so that both can be compared. Anything unknown, malformed or of another major is
 * `POLICY_ABI`.
 */
export function parseManifest(text: string): PolicyManifest {
  const value = parseJson(text);
  refuseOddJson(value);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refused(firstIssue(parsed.error));
  const manifest = parsed.data as unknown as PolicyManifest;
  refuseOtherMajor(manifest.abi);
  refuseUnknownCapability(manifest.capabilities);
  return manifest;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PolicyError('POLICY_ABI', 'the manifest of the module is not JSON', { cause });
  }
}

/** Walks without recursion: the depth is the author's. */
function refuseOddJson(root: unknown): void {
  const left: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) throw refused(`is nested deeper than ${MAX_DEPTH} levels`);
    if (Object.hasOwn(value, '__proto__')) throw refused('has a member named __proto__');
    for (const child of Object.values(value)) left.push({ value: child, depth: depth + 1 });
  }
}

function refuseOtherMajor(abi: string): void {
  if (Number.parseInt(abi, 10) === ABI_MAJOR) return;
  throw new PolicyError('POLICY_ABI', `the module is built for ABI ${abi}; this host offers ABI ${ABI_VERSION}`);
}

function refuseUnknownCapability(capabilities: readonly string[]): void {
  const offered = [...Object.keys(OFFERED_IMPORTS[HOST_MODULE] ?? {}), ...POLICY_GRANTS];
  const unknown = capabilities.find((capability) => !offered.includes(capability));
  if (unknown === undefined) return;
  throw refused(`asks for the capability ${quoted(unknown)}; offered are ${offered.join(', ')}`);
}

function isDistinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  const path = issue?.path.join('.') ?? '';
  const message = (issue?.message ?? 'is malformed').slice(0, 200);
  return path === '' ? `is refused: ${message}` : `has a wrong member ${path}: ${message}`;
}

function refused(what: string): PolicyError {
  return new PolicyError('POLICY_ABI', `the manifest of the module ${what}`);
}
