import { EngineError } from '../contracts/engine-error.js';
import { Upstream } from './upstream.js';

/**
 * The server of a pool that names where it runs.
 * @param headers sent with every request, such as the operator's key
 * @throws EngineError `invalid-input` when there is no url, or one that cannot be used
 */
export function engineUpstream(
  { url, poolId }: { readonly url?: string | undefined; readonly poolId: string },
  headers: Readonly<Record<string, string>> = {},
): Upstream {
  if (url === undefined) {
    throw new EngineError('invalid-input', `Pool ${poolId} needs endpoint: the url where its engine listens.`, {
      reason: 'no_url',
    });
  }
  try {
    return new Upstream({ url, headers });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'The url cannot be used.';
    throw new EngineError('invalid-input', `Pool ${poolId}: ${why}`, { reason: 'bad_url', cause });
  }
}
