import { type SourceCall, SourceError, type SourceFetch, type SourceReply, z } from '@llama-orch/plugin-sdk';
import { type Environment, type OciOptions } from './options.js';
import { type OciRef } from './oci-ref.js';

const answer = z.looseObject({
  token: z.string().min(1).optional(),
  access_token: z.string().min(1).optional(),
  expires_in: z.number().positive().optional(),
});

const DEFAULT_LIFE_S = 60;
/** A token is used for so much of its life. */
const USED_SHARE = 0.8;

/** What registries want to see: asked for where they say, kept while it lives. */
export class Tokens {
  private readonly kept = new Map<string, { readonly authorization: string; readonly until: number }>();

  constructor(
    private readonly options: OciOptions,
    private readonly env: Environment,
    private readonly now: () => number,
  ) {}

  /** Secret headers for calls about a repository, as far as they are known. */
  headersFor(ref: OciRef): Readonly<Record<string, string>> {
    const kept = this.kept.get(keyOf(ref));
    return kept === undefined || kept.until <= this.now() ? {} : { authorization: kept.authorization };
  }

  /** Answers the challenge of a registry. False: there is nothing to answer with. */
  async answer(ref: OciRef, reply: SourceReply, fetch: SourceFetch): Promise<boolean> {
    const challenge = reply.headers['www-authenticate'] ?? '';
    const basic = this.basic(ref.registry);
    if (/^basic\b/i.test(challenge) && basic !== undefined) return this.keep(ref, basic, Infinity);
    const call = tokenCall(challenge, ref, basic);
    if (call === undefined) return false;
    const { status, body } = await fetch(call);
    const parsed = status === 200 ? answer.safeParse(jsonIn(body)) : undefined;
    const token = parsed?.data?.token ?? parsed?.data?.access_token;
    if (token === undefined) return false;
    return this.keep(ref, `Bearer ${token}`, (parsed?.data?.expires_in ?? DEFAULT_LIFE_S) * 1_000 * USED_SHARE);
  }

  private keep(ref: OciRef, authorization: string, lifeMs: number): true {
    this.kept.set(keyOf(ref), { authorization, until: this.now() + lifeMs });
    return true;
  }

  private basic(registry: string): string | undefined {
    const names = this.options.credentials[registry];
    const [user, password] = [this.env[names?.username_env ?? ''], this.env[names?.password_env ?? '']];
    if (!user || !password) return undefined;
    return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }
}

/** The realm is the registry's to choose; a password goes to it over TLS, or to the registry itself. */
function tokenCall(challenge: string, ref: OciRef, basic: string | undefined): SourceCall | undefined {
  if (!/^bearer\b/i.test(challenge)) return undefined;
  const given: Record<string, string> = {};
  for (const [, name = '', value = ''] of challenge.matchAll(/([a-z]+)="([^"]*)"/gi)) given[name] = value;
  const realm = URL.parse(given['realm'] ?? '');
  if (realm === null || !/^https?:$/.test(realm.protocol)) return undefined;
  if (given['service'] !== undefined) realm.searchParams.set('service', given['service']);
  realm.searchParams.set('scope', `repository:${ref.repository}:pull`);
  const isSafe = realm.protocol === 'https:' || realm.host === ref.registry;
  return { url: realm.href, ...(basic !== undefined && isSafe ? { secretHeaders: { authorization: basic } } : {}) };
}

export function denied(ref: string): SourceError {
  const hint = 'name credentials of its registry under the source oci';
  return new SourceError('denied', `${ref} may not be read, or is not there; ${hint}`);
}

function keyOf({ registry, repository }: OciRef): string {
  return `${registry}/${repository}`;
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
