import { type CatalogModel } from '@llama-orch/client';
import { type CatalogEntry, type TrustPolicy, type Verification } from '../catalog/entry.js';
import { markOf } from '../catalog/file-mark.js';
import { type FetchProgress } from '../catalog/fetch/fetch-progress.js';
import { type Fetches } from '../catalog/fetch/fetches.js';
import { orderOf, type Weights } from '../catalog/weights.js';

/** A model as the catalog routes tell it; where files of this machine lie is for operators alone. */
export async function catalogView(
  entry: CatalogEntry,
  weights: Weights,
  fetches: Pick<Fetches, 'idOf' | 'progress'>,
  forOperators: boolean,
): Promise<CatalogModel> {
  const { digest = null, sourceUrl = null, version = null, pinnedRef = null, sbom, lastVerification } = entry;
  const shown = (ref: string | null) => (forOperators || ref?.startsWith('file:') !== true ? ref : null);
  return {
    ...{
      id: entry.id,
      digest,
      source_url: shown(sourceUrl),
      version,
      aliases: [...entry.aliases],
      tags: [...entry.tags],
    },
    manifests: entry.manifests.map((one) => ({ path: one.path, digest: one.digest, size_bytes: one.sizeBytes })),
    signatures: entry.signatures.map(({ signer, algo, verified, timestampMs }) => ({
      ...{ signer, algo, verified, timestamp_ms: timestampMs ?? null },
    })),
    sbom: sbom === undefined ? null : { uri: sbom.uri, digest: sbom.digest },
    trust_policy: entry.trustPolicy === undefined ? null : policyView(entry.trustPolicy),
    state: entry.state,
    ...(await placeView(entry, weights)),
    ...{ created_ms: entry.createdMs, added_by: entry.addedBy, resolved_ref: shown(pinnedRef) },
    quarantined: entry.isQuarantined,
    last_verification: lastVerification === undefined ? null : verificationView(lastVerification),
    fetch: fetchOf(entry, fetches),
    warnings: [...entry.warnings],
  };
}

/** What an entry learned since its fetch began makes another order of it. */
function fetchOf(entry: CatalogEntry, fetches: Pick<Fetches, 'idOf' | 'progress'>): FetchProgress | null {
  const now = orderOf(entry);
  const asDeclared = { ref: entry.sourceUrl ?? entry.id };
  const orders = [now, { ...now, ...asDeclared }, asDeclared];
  return orders.map((order) => fetches.progress(fetches.idOf(order))).find((found) => found !== undefined) ?? null;
}

function verificationView({ id, state, reason, startedMs, finishedMs }: Verification) {
  return { id, state, reason: reason ?? null, started_ms: startedMs, finished_ms: finishedMs ?? null };
}

function policyView({ mode, allowedRegistries, requireSignature, requireSbom, caRoots }: Partial<TrustPolicy>) {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(allowedRegistries === undefined ? {} : { allowed_registries: [...allowedRegistries] }),
    ...(requireSignature === undefined ? {} : { require_signature: requireSignature }),
    ...(requireSbom === undefined ? {} : { require_sbom: requireSbom }),
    ...(caRoots === undefined ? {} : { ca_roots: [...caRoots] }),
  };
}

async function placeView(
  entry: CatalogEntry,
  weights: Weights,
): Promise<{ local: boolean; size_bytes: number | null }> {
  const place = await weights.find(entry);
  const declared = entry.manifests.length === 0 ? null : entry.manifests.reduce((sum, one) => sum + one.sizeBytes, 0);
  if (place.type !== 'local') return { local: place.type === 'engine', size_bytes: declared };
  const found = await markOf(place.path).catch(() => undefined);
  return { local: true, size_bytes: found?.sizeBytes ?? declared };
}
