import { type Signer } from '@sigstore/verify';
import { type SignerIdentity, type TrustAnchors } from '../anchors.js';
import { Distrust } from '../reasons.js';
import { type SigstoreRoot } from './sigstore-root.js';

/** Who signed with Sigstore, once it is proven. */
export interface ProvenIdentity extends SignerIdentity {
  readonly algo: string;
  readonly timestampMs: number | undefined;
}

/**
 * Verifies a keyless signature without a network: the short-lived certificate leads to a trusted root, the log has the
 * signature and signed for the time, and the signer is one whom the operator named.
 *
 * @param json the bundle as it was parsed
 * @throws Distrust
 */
export async function provenIdentity(json: unknown, anchors: TrustAnchors): Promise<ProvenIdentity> {
  const { sigstoreRoots, identities } = anchors;
  if (sigstoreRoots.length === 0)
    throw nothingTrusted('no Sigstore root is trusted; name its trusted_root.json in ca_roots');
  if (identities.length === 0) throw nothingTrusted('no signer is trusted; name identity and issuer in signers');
  const { signer, timestampMs } = await verified(json, sigstoreRoots);
  const found = { identity: signer.identity?.subjectAlternativeName, issuer: signer.identity?.extensions?.issuer };
  const trusted = identities.find(({ identity, issuer }) => identity === found.identity && issuer === found.issuer);
  if (trusted !== undefined) return { ...trusted, algo: `sigstore-${signer.key.asymmetricKeyType}`, timestampMs };
  throw new Distrust(
    'wrong-identity',
    'the model is signed by somebody who is not trusted; name the signer in signers',
  );
}

interface Verified {
  readonly signer: Signer;
  readonly timestampMs: number | undefined;
}

/** The packages are heavy and few models need them, so they are loaded when the first one does. */
async function verified(json: unknown, roots: readonly SigstoreRoot[]): Promise<Verified> {
  const [{ bundleFromJSON }, { toSignedEntity, toTrustMaterial, Verifier }] = await Promise.all([
    import('@sigstore/bundle'),
    import('@sigstore/verify'),
  ]);
  const bundle = attempt(() => bundleFromJSON(json));
  const entity = bundle === undefined ? undefined : attempt(() => toSignedEntity(bundle));
  if (bundle === undefined || entity === undefined)
    throw new Distrust(
      'malformed-bundle',
      'the bundle is none of Sigstore; give the bundle file as the signer made it',
    );
  const signer = roots
    .map((root) => attempt(() => new Verifier(toTrustMaterial(root)).verify(entity)))
    .find((found) => found !== undefined);
  if (signer === undefined)
    throw new Distrust(
      'transparency-log',
      'signature, certificate or log entry of the bundle do not lead to a trusted Sigstore root; check trusted_root.json, or sign again',
    );
  const seconds = Number(bundle.verificationMaterial.tlogEntries[0]?.integratedTime);
  return { signer, timestampMs: Number.isSafeInteger(seconds) && seconds > 0 ? seconds * 1000 : undefined };
}

/** Whatever these packages throw, the bundle is not proven; their messages may hold anything that it says. */
function attempt<Value>(run: () => Value): Value | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

const nothingTrusted = (what: string): Distrust =>
  new Distrust('no-trust-anchor', `the model is signed with Sigstore and ${what}`);
