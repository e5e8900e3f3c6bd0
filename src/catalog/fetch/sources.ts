import { isSourceError, type ModelSource, type ResolvedModel, type SourceErrorKind } from '@llama-orch/plugin-sdk';
import { EgressFailure } from '../../egress/egress.js';
import { AppError } from '../../kernel/errors.js';
import { FetchError, type FetchErrorKind } from './fetch-error.js';
import { type SourceDoor } from './source-door.js';

const KINDS: Readonly<Record<SourceErrorKind, FetchErrorKind>> = {
  malformed: 'malformed',
  missing: 'missing',
  denied: 'denied',
  unavailable: 'broken_off',
};

/** The sources that there are, by what their refs begin with. */
export class Sources {
  private readonly byScheme = new Map<string, ModelSource>();

  /** @throws Error when two sources want the same refs */
  constructor(sources: Readonly<Record<string, ModelSource>>) {
    const owners = new Map<string, string>();
    for (const [id, source] of Object.entries(sources))
      for (const scheme of source.schemes) {
        const owner = owners.get(scheme);
        if (owner !== undefined) throw new Error(`model sources ${owner} and ${id} both take refs of ${scheme}:`);
        owners.set(scheme, id);
        this.byScheme.set(scheme, source);
      }
  }

  get schemes(): readonly string[] {
    return [...this.byScheme.keys()].sort();
  }

  /** @throws FetchError */
  of(ref: string): ModelSource {
    const scheme = /^([a-z][a-z0-9+.-]*):/.exec(ref)?.[1];
    const source = scheme === undefined ? undefined : this.byScheme.get(scheme);
    if (source !== undefined) return source;
    const known = this.schemes.map((one) => `${one}:`).join(', ');
    throw new FetchError('malformed', `${ref} names no source that is here; refs begin with ${known}`);
  }
}

/** Resolves a ref, whatever the plugin does. @throws FetchError, AppError of egress */
export async function resolved(
  source: ModelSource,
  ref: string,
  door: SourceDoor,
  signal: AbortSignal,
): Promise<ResolvedModel> {
  let refusal: unknown;
  const fetch = door.fetchFor(signal);
  try {
    return await source.resolve(
      ref,
      async (call) => {
        try {
          return await fetch(call);
        } catch (error) {
          refusal ??= error;
          throw error;
        }
      },
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(refusal ?? error, ref);
  }
}

/** What failed, in the words of whoever knows it best: the door, then the source. */
export function failureOf(error: unknown, ref: string): Error {
  if (error instanceof AppError) return error;
  const cause = { cause: error };
  if (error instanceof EgressFailure) return new FetchError('broken_off', `${ref} cannot be reached: ${error.message}; try again`, cause); // prettier-ignore
  if (isSourceError(error)) return new FetchError(KINDS[error.kind], error.message, cause);
  const said = error instanceof Error ? error.message : 'it failed';
  return new FetchError('broken_off', `the source of ${ref} failed: ${said}`, cause);
}
