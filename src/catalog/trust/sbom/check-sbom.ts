import { createHash } from 'node:crypto';
import { type FileDigest } from '../digest.js';
import { because, Distrust, type TrustReason } from '../reasons.js';
import { componentsOf, MODEL_TYPE, type Component } from './cyclonedx.js';
import { type SbomCheck } from './sbom-check.js';

/** What a bill of materials is compared with. */
export interface DescribedModel {
  /** `sha256:<hex>` of the model; undefined while it is not known. */
  readonly digest: string | undefined;
  readonly files: readonly FileDigest[];
  /** `sha256:<hex>` that the SBOM itself is supplied with, if it is. */
  readonly sbomDigest?: string;
}

/**
 * Checks a CycloneDX ML-BOM: it is the one that was supplied, it describes a model, and each of its SHA-256 hashes that
 * speak of this model agrees, with one at least. It never throws for what the document holds.
 *
 * @param text undefined when there is none
 */
export function checkSbom(text: string | undefined, model: DescribedModel): SbomCheck {
  if (text === undefined) return { type: 'missing' };
  try {
    const reason = reasonAgainst(text, model);
    return reason === undefined ? { type: 'agrees' } : { type: 'refused', reason };
  } catch (error) {
    if (error instanceof Distrust) return { type: 'refused', reason: because(error.code, error.message) };
    throw error;
  }
}

function reasonAgainst(text: string, model: DescribedModel): TrustReason | undefined {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  if (model.sbomDigest !== undefined && model.sbomDigest !== digest)
    return because(
      'sbom-digest-mismatch',
      `the SBOM has the digest ${digest} and ${model.sbomDigest} was supplied; fetch it again, or correct the digest`,
    );
  const components = componentsOf(text);
  const models = components.filter(({ type }) => type === MODEL_TYPE);
  if (models.length === 0)
    return because('unsupported-sbom', `the SBOM lists no component of type ${MODEL_TYPE}; give an ML-BOM`);
  return hashReason(models, components, model);
}

/** A whole model may be summed up by its digest, or file by file under the paths of its files. */
function hashReason(
  models: readonly Component[],
  components: readonly Component[],
  model: DescribedModel,
): TrustReason | undefined {
  const wanted = new Map(model.files.map(({ path, digest }) => [path, digest]));
  const files = components.filter(({ type, name }) => type === 'file' && wanted.has(name));
  const wrong = files.find((file) => digestsOf(file).some((digest) => digest !== wanted.get(file.name)));
  if (wrong !== undefined) return mismatch(`its hash of ${JSON.stringify(wrong.name)}`);
  const whole = models.flatMap(digestsOf);
  const isWhole = whole.some((digest) => isOfModel(digest, model));
  // Other models may be listed, such as the base of an adapter; with one alone there is no doubt which is meant.
  if (models.length === 1 && whole.length > 0 && !isWhole) return mismatch('its hash of the model');
  if (models.some((one) => isTorn(one, model))) return mismatch('one of its hashes of the model');
  const isBound =
    isWhole || (wanted.size > 0 && files.filter((file) => digestsOf(file).length > 0).length === wanted.size);
  if (isBound) return undefined;
  return because('sbom-unbound', 'the SBOM holds no SHA-256 of this model, so it may be about another; add its hashes');
}

const isOfModel = (digest: string, model: DescribedModel): boolean =>
  digest === model.digest || (model.files.length === 1 && digest === model.files[0]?.digest);

/** One hash says that it is this model, another one that it is not. */
function isTorn(component: Component, model: DescribedModel): boolean {
  const agreeing = digestsOf(component).filter((digest) => isOfModel(digest, model)).length;
  return agreeing > 0 && agreeing < digestsOf(component).length;
}

const digestsOf = ({ hashes }: Component): string[] =>
  hashes.flatMap(({ alg, content }) => (alg === 'SHA-256' ? [`sha256:${content.toLowerCase()}`] : []));

const mismatch = (what: string): TrustReason =>
  because('sbom-mismatch', `the SBOM is about another model: ${what} differs; give the one of this model`);
