import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Config } from '../config/index.js';
import { type Violation, invalidParams } from '../kernel/errors.js';
import { nearNames } from '../kernel/near-names.js';
import { SECRET_LENGTHS } from '../observability/redactor.js';
import { hostMatch } from '../policy-host/sandbox/host/matching.js';
import { isReserved } from './call-headers.js';

type SecretConfig = Config['tools']['secrets'][string];

/** A secret that callers may name. Its value goes nowhere but into {@link Secret.headerOf}. */
export class Secret {
  readonly header: string;
  readonly hosts: readonly string[];

  constructor(
    readonly name: string,
    { header, prefix, hosts }: Pick<SecretConfig, 'header' | 'prefix' | 'hosts'>,
    value: string,
  ) {
    this.header = header.toLowerCase();
    this.hosts = hosts.map((host) => host.toLowerCase());
    this.headerOf = () => [this.header, prefix + value];
  }

  /** The header with the secret in it; a closure, so that no dump of the object shows it. */
  readonly headerOf: () => readonly [string, string];

  mayGoTo(host: string): boolean {
    return this.hosts.some((pattern) => hostMatch(host, pattern));
  }
}

/** Where values of secrets come from. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths of the config start. */
  readonly baseFolder: string;
  /** Told every value, so that it is redacted everywhere. */
  readonly learn: (value: string) => void;
}

/** What can stand in a header as it is; nothing that could end it. */
const PLAIN = /^[\x20-\x7e]+$/;

/** All of `tools.secrets`, read once. */
export class Secrets {
  constructor(private readonly byName: ReadonlyMap<string, Secret>) {}

  /** @throws Error that names the secret and where its value should be, and never a value */
  static read(config: Config['tools']['secrets'], sources: SecretSources): Secrets {
    const secrets = Object.entries(config).map(([name, settings]) => readSecret(name, settings, sources));
    return new Secrets(new Map(secrets.map((secret) => [secret.name, secret])));
  }

  /** @throws AppError 400 for a name that is not known, or two secrets for one header */
  named(names: readonly string[]): readonly Secret[] {
    const found = names.map((name) => this.byName.get(name));
    const violations = found.flatMap((secret, at) => {
      const message = secret === undefined ? this.unknown(names[at]!) : doubled(secret, found.slice(0, at));
      return message === undefined ? [] : [{ pointer: `/secrets/${at}`, message } satisfies Violation];
    });
    if (violations.length > 0) throw invalidParams(violations);
    return found.filter((secret) => secret !== undefined);
  }

  private unknown(name: string): string {
    const near = nearNames(name, [...this.byName.keys()]);
    return `is not in tools.secrets${near.length === 0 ? '' : `; near names: ${near.join(', ')}`}`;
  }
}

function doubled(secret: Secret, earlier: readonly (Secret | undefined)[]): string | undefined {
  const other = earlier.find((one) => one?.header === secret.header);
  return other === undefined ? undefined : `goes into the header ${secret.header}, as ${other.name} does; name one`;
}

function readSecret(name: string, settings: SecretConfig, sources: SecretSources): Secret {
  const where = `tools.secrets.${name}`;
  const value = valueOf(settings, sources, where);
  if (value === '') throw new Error(`${where}: its value is empty`);
  demandLength(value.trim(), where);
  if (isReserved(settings.header)) throw new Error(`${where}: the header ${settings.header} is written by the daemon`);
  if (!PLAIN.test(settings.prefix + value))
    throw new Error(`${where}: its value holds line breaks or characters that no header can carry`);
  sources.learn(value);
  return new Secret(name, settings, value);
}

/** What redaction does not look for could come back in answers, logs and the audit. */
function demandLength({ length }: string, where: string): void {
  const { least, most } = SECRET_LENGTHS;
  if (length >= least && length <= most) return;
  throw new Error(`${where}: its value has fewer than ${least} or more than ${most} characters and cannot be redacted`);
}

function valueOf({ env, file }: SecretConfig, sources: SecretSources, where: string): string {
  if (env !== undefined) {
    const value = sources.env[env];
    if (value === undefined) throw new Error(`${where}: the environment variable ${env} is not set; set it`);
    return value;
  }
  try {
    return readFileSync(resolve(sources.baseFolder, file ?? ''), 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new Error(`${where}: its file cannot be read; check ${where}.file`, { cause });
  }
}
