import { type Clock } from '../kernel/clock.js';
import { type Judged } from './entry-trust.js';
import { type Manifest } from './entry.js';
import { narrowedAnchors, type TrustAnchors } from './trust/anchors.js';
import { checkSbom } from './trust/sbom/check-sbom.js';
import { type SbomCheck } from './trust/sbom/sbom-check.js';
import { checkSignature } from './trust/signature/check-signature.js';
import { type SignatureCheck } from './trust/signature/signature-check.js';

/** What was sent along to prove a model, held against its files. */
export class Evidence {
  constructor(
    private readonly anchors: TrustAnchors,
    private readonly clock: Clock,
  ) {}

  /** One answer per bundle, in their order; a signature without its bundle proves nothing and has none. */
  async signatures(model: Judged, files: readonly Manifest[] | undefined): Promise<readonly SignatureCheck[]> {
    const bundles = model.signatures.flatMap(({ bundle }) => (bundle === undefined ? [] : [JSON.stringify(bundle)]));
    const anchors = narrowedAnchors(this.anchors, model.trustPolicy?.caRoots ?? []);
    const against = { files: files ?? fileOf(model), anchors, nowMs: this.clock.epochMs() };
    return Promise.all(bundles.map((bundle) => checkSignature(bundle, against)));
  }

  sbom({ digest, manifests, sbom }: Judged, files: readonly Manifest[] | undefined): SbomCheck {
    const supplied = sbom === undefined ? {} : { sbomDigest: sbom.digest };
    return checkSbom(sbom?.text, { digest, files: files ?? manifests, ...supplied });
  }
}

/** A model of one file that is not here: all that is known of the file is its digest, and its name from the source. */
function fileOf({ digest, sourceUrl, id }: Judged): readonly Manifest[] {
  if (digest === undefined) return [];
  const source = (sourceUrl ?? id).replace(/[?#].*$/, '').replace(/@[^/]*$/, '');
  return [{ path: source.slice(source.lastIndexOf('/') + 1), digest, sizeBytes: 0 }];
}
