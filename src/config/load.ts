import { type ConfigDocument } from './document.js';
import { expandReferences, tokenKey, type Environment } from './environment.js';
import { check, type ConfigMode } from './check.js';
import { type Finding } from './issues.js';
import { originsOf, overrideOf, type Origins, type Override } from './origins.js';
import { pathText, withValueAt } from './path.js';
import { ConfigError, type ConfigProblem } from './problem.js';
import { type Config } from './schema.js';
import { settingsOf, type ConfigFlags } from './settings.js';
import { findSource, readSource, type ConfigSource } from './source.js';

export interface LoadRequest {
  readonly flags?: ConfigFlags;
  readonly env?: Environment;
  readonly cwd?: string;
  readonly mode?: ConfigMode;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly origins: Origins;
  readonly source: ConfigSource;
  /** What was passed over, for the log. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Finds, reads and checks the configuration: flags before environment before file before defaults.
 * @throws ConfigError with every problem at once
 */
export function loadConfig(request: LoadRequest = {}): LoadedConfig {
  const { flags = {}, env = process.env, cwd = process.cwd(), mode = 'strict' } = request;
  const source = findSource(flags.config, env, cwd);
  const document = readSource(source, cwd);
  if (document !== undefined && document.data === undefined) throw new ConfigError(document.problems);
  const written = document?.data ?? {};
  const expanded = expandReferences(written, env);
  const token = tokenKey(env, written);
  const settings = settingsOf(flags, env, written);
  const overrides = [...settings.overrides, ...token.overrides];
  const data = overrides.reduce((merged, { path, value }) => withValueAt(merged, path, value), expanded.data);
  const checked = check(data, mode);
  const place = (finding: Finding) => placed(finding, overrides, document);
  const problems = [
    ...(document?.problems ?? []),
    ...token.problems,
    ...settings.problems,
    ...[...expanded.findings, ...checked.findings].map(place),
  ];
  if (checked.config === undefined || problems.length > 0) throw new ConfigError(inOrder(problems));
  const warnings = inOrder([...settings.warnings, ...checked.passedOver.map(place)]);
  return { config: checked.config, origins: originsOf(checked.config, overrides, document), source, warnings };
}

/**
 * Checks a configuration that is already a value, as tests and embedders have it.
 * @throws ConfigError with every problem at once
 */
export function parseConfig(data: unknown): Config {
  const { config, findings } = check(data, 'strict');
  if (config === undefined || findings.length > 0)
    throw new ConfigError(findings.map((finding) => placed(finding, [])));
  return config;
}

/** As the file has them; what came from outside it first. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const key = ({ position }: ConfigProblem) => (position?.line ?? 0) * 100_000 + (position?.column ?? 0);
  return problems.toSorted((a, b) => key(a) - key(b));
}

export function placed(finding: Finding, overrides: readonly Override[], document?: ConfigDocument): ConfigProblem {
  const { path, unknownKey, ...words } = finding;
  const problem = { path: pathText(unknownKey === undefined ? path : [...path, unknownKey]), ...words };
  const override = overrideOf(overrides, path);
  if (override !== undefined && override.origin.type !== 'default') return { ...problem, source: override.origin.name };
  if (document === undefined) return problem;
  const position = unknownKey === undefined ? document.positionOf(path) : document.positionOfKey(path, unknownKey);
  return { ...problem, position };
}
