import { readFileSync } from 'node:fs';
import { type Config, type Environment } from './config/index.js';
import { lookUp } from './config/environment.js';
import { soundsSecret } from './config/mask-secrets.js';
import { SecretRedactor } from './observability/redaction/secret-redactor.js';
import { type Redactor } from './observability/redactor.js';

const VARIABLES = ['LLORCH_API_TOKEN', 'HF_TOKEN'];

/** A redactor that knows every secret that the configuration and the environment hold. */
export function redactorOf(config: Config, env: Environment): Redactor {
  const secrets = [
    ...VARIABLES.flatMap((name) => valueOf(env, name)),
    ...Object.values(config.tools.secrets).flatMap((secret) => secretOf(secret, env)),
    ...secretMembers(config),
  ];
  return new SecretRedactor({ secrets, ...config.redaction });
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
function secretMembers(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member === 'string' && soundsSecret(name) ? [member] : secretMembers(member),
  );
}
