import { findingsOf, type Finding } from './issues.js';
import { configJsonSchema } from './json-schema.js';
import { withoutMember } from './path.js';
import { crossFieldFindings } from './rules.js';
import { configSchema, type Config } from './schema.js';

/** `strict` refuses keys that it does not know, `compat` warns and goes on. */
export type ConfigMode = 'strict' | 'compat';

export interface Checked {
  /** Absent when the validator refused. */
  readonly config?: Config;
  readonly findings: readonly Finding[];
  /** Unknown keys that compat mode left out. */
  readonly passedOver: readonly Finding[];
}

/** Validates a value, and whether its members hold true together. */
export function check(data: unknown, mode: ConfigMode): Checked {
  const result = configSchema.safeParse(data);
  const crossField = crossFieldFindings(data);
  if (result.success) return { config: result.data, findings: crossField, passedOver: [] };
  const findings = findingsOf(result.error.issues, data, configJsonSchema());
  const unknown = findings.filter((finding) => finding.unknownKey !== undefined);
  if (mode === 'strict' || unknown.length === 0) return { findings: [...findings, ...crossField], passedOver: [] };
  const known = unknown.reduce((rest, { path, unknownKey }) => withoutMember(rest, path, unknownKey ?? ''), data);
  const rest = check(known, mode);
  return { ...rest, passedOver: [...unknown, ...rest.passedOver] };
}
