import { readFileSync } from 'node:fs';
import { type Config, type Environment } from './config/index.js';
import { lookUp } from './config/environment.js';
import { soundsSecret } from './config/mask-secrets.js';
import { type Path, pathText } from './config/path.js';
import { type Logger } from './observability/logger.js';
import { SecretRedactor } from './observability/redaction/secret-redactor.js';
import { type Redactor, SECRET_LENGTHS } from './observability/redactor.js';

const VARIABLES = ['LLORCH_API_TOKEN', 'HF_TOKEN', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

interface NamedSecret {
  /** The variable, or the place in the configuration. */
  readonly name: string;
  readonly value: string;
}

/** A redactor that knows every secret that the configuration and the environment hold. */
export function redactorOf(config: Config, env: Environment): Redactor {
  const secrets = secretsOf(config, env).map(({ value }) => value);
  return new SecretRedactor({ secrets, ...config.redaction });
}

/** Tells which secrets are not taken out of texts, as they are too short to be told from other words. */
export function warnOfShortSecrets(config: Config, env: Environment, logger: Logger): void {
  const { least } = SECRET_LENGTHS;
  for (const { name } of secretsOf(config, env).filter(({ value }) => value !== '' && value.trim().length < least)) {
    const message = `${name} has fewer than ${least} characters, so it is not redacted where it appears; take a longer one`;
    logger.warn('config', message, { path: name });
  }
}

function secretsOf(config: Config, env: Environment): NamedSecret[] {
  return [
    ...VARIABLES.flatMap((name) => valueOf(env, name).map((value) => ({ name, value }))),
    ...Object.entries(config.tools.secrets).flatMap(([name, secret]) =>
      secretOf(secret, env).map((value) => ({ name: `tools.secrets.${name}`, value })),
    ),
    ...secretMembers(config, []),
  ];
}

function valueOf(env: Environment, name: string): string[] {
  const looked = lookUp(env, name);
  return 'value' in looked && looked.value !== undefined ? [looked.value] : [];
}

/** One that cannot be read is reported where it is used. */
function secretOf({ env: variable, file }: Config['tools']['secrets'][string], env: Environment): string[] {
  if (variable !== undefined) return valueOf(env, variable);
  try {
    return file === undefined ? [] : [readFileSync(file, 'utf8').trim()];
  } catch {
    return [];
  }
}

/** Texts whose name in the configuration says that they are secrets, such as the `api_key` of an engine. */
function secretMembers(value: unknown, path: Path): NamedSecret[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const at = [...path, Array.isArray(value) ? Number(name) : name];
    if (typeof member === 'string' && soundsSecret(name)) return [{ name: pathText(at), value: member }];
    return secretMembers(member, at);
  });
}
