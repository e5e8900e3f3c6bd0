import { createHash } from 'node:crypto';
import { type Violation, invalidParams } from '../kernel/errors.js';
import { type Declaration, type Manifest, type Sbom, type TrustMode } from './entry.js';
import { isCatalogId, parseModelRef } from './refs/model-ref.js';
import { readAnchors } from './trust/anchors.js';
import { digestOf } from './trust/digest.js';
import { collision, pathProblem } from './trust/model-path.js';

/** A model as it comes over the wire; the form of its members is checked by then. */
export interface DeclaredModel {
  readonly id: string;
  readonly digest: string;
  readonly source_url?: string;
  readonly version?: string;
  readonly aliases?: readonly string[];
  readonly tags?: readonly string[];
  readonly manifests?: readonly { readonly path: string; readonly digest: string; readonly size_bytes: number }[];
  readonly signatures?: readonly DeclaredSignature[];
  readonly sbom?: Sbom;
  readonly trust_policy?: DeclaredPolicy;
  readonly signed?: boolean;
}

interface DeclaredSignature {
  readonly signer: string;
  readonly algo: string;
  readonly timestamp_ms?: number;
  readonly bundle?: Readonly<Record<string, unknown>>;
}

interface DeclaredPolicy {
  readonly mode?: TrustMode;
  readonly allowed_registries?: readonly string[];
  readonly require_signature?: boolean;
  readonly require_sbom?: boolean;
  readonly ca_roots?: readonly string[];
}

/** Parses what somebody declares. @throws AppError `INVALID_PARAMS` with every rule that its members break together */
export function declarationOf(body: DeclaredModel): Declaration {
  const manifests = (body.manifests ?? []).map(({ path, digest, size_bytes: sizeBytes }) => ({
    ...{ path, digest, sizeBytes },
  }));
  const violations = [
    ...[...nameViolations(body), ...sourceViolations(body), ...manifestViolations(body, manifests)],
    ...[...anchorViolations(body), ...sbomViolations(body)],
  ];
  if (violations.length > 0) throw invalidParams(violations);
  return {
    ...{ id: body.id, digest: body.digest, sourceUrl: sourceOf(body), version: body.version },
    ...{ aliases: body.aliases ?? [], tags: body.tags ?? [], manifests, sbom: body.sbom, signed: body.signed },
    signatures: (body.signatures ?? []).map(({ signer, algo, timestamp_ms: timestampMs, bundle }) => ({
      ...{ signer, algo, verified: false, timestampMs, bundle },
    })),
    trustPolicy: policyOf(body.trust_policy),
  };
}

function policyOf(policy: DeclaredPolicy | undefined): Declaration['trustPolicy'] {
  if (policy === undefined) return undefined;
  return {
    ...(policy.mode === undefined ? {} : { mode: policy.mode }),
    ...(policy.allowed_registries === undefined ? {} : { allowedRegistries: policy.allowed_registries }),
    ...(policy.require_signature === undefined ? {} : { requireSignature: policy.require_signature }),
    ...(policy.require_sbom === undefined ? {} : { requireSbom: policy.require_sbom }),
    ...(policy.ca_roots === undefined ? {} : { caRoots: policy.ca_roots }),
  };
}

/** A ref to a local file has one spelling. */
function sourceOf({ source_url: source }: DeclaredModel): string | undefined {
  const parsed = source === undefined ? undefined : parseModelRef(source);
  return parsed?.type === 'file' ? `file:${parsed.path}` : source;
}

function nameViolations({ id, aliases = [] }: DeclaredModel): Violation[] {
  const names = [{ pointer: '/id', name: id }, ...aliases.map((name, at) => ({ pointer: `/aliases/${at}`, name }))];
  return names.flatMap(({ pointer, name }, at) => {
    if (!isCatalogId(name)) return [{ pointer, message: 'must have no empty, "." or ".." part between its slashes' }];
    if (/^sha256:/i.test(name)) return [{ pointer, message: 'must not begin as a digest does' }];
    const isRepeated = names.findIndex((other) => other.name === name) < at;
    return isRepeated ? [{ pointer, message: 'must be a name that the model does not have already' }] : [];
  });
}

function sourceViolations({ source_url: source, digest }: DeclaredModel): Violation[] {
  if (source === undefined) return [];
  const parsed = parseModelRef(source);
  const refuse = (message: string) => [{ pointer: '/source_url', message }];
  if (parsed.type === 'malformed') return refuse(parsed.message);
  if (parsed.type === 'digest') return refuse('must say where the weights are; a digest does not');
  if (parsed.type === 'https' && parsed.digest !== undefined && parsed.digest !== digest)
    return refuse('must end with the digest of the model, or with none');
  return [];
}

function manifestViolations({ digest }: DeclaredModel, manifests: readonly Manifest[]): Violation[] {
  const bad = manifests.flatMap(({ path }, at) => {
    const problem = pathProblem(path);
    return problem === undefined
      ? []
      : [{ pointer: `/manifests/${at}/path`, message: `${problem}; name a file inside the model` }];
  });
  if (bad.length > 0 || manifests.length === 0) return bad;
  const twice = collision(manifests.map(({ path }) => path));
  if (twice !== undefined) return [{ pointer: '/manifests', message: 'name a path twice; each file has one row' }];
  if (digestOf(manifests) === digest) return [];
  const of =
    manifests.length === 1 ? 'that of its only manifest' : 'that of its manifests, sorted by path, in RFC 8785 form';
  return [{ pointer: '/digest', message: `must be ${of}` }];
}

function anchorViolations({ trust_policy: policy }: DeclaredModel): Violation[] {
  return (policy?.ca_roots ?? []).flatMap((text, at) => {
    try {
      readAnchors([{ name: 'it', text }]);
      return [];
    } catch {
      return [{ pointer: `/trust_policy/ca_roots/${at}`, message: 'must be a public key or certificate in PEM' }];
    }
  });
}

function sbomViolations({ sbom }: DeclaredModel): Violation[] {
  if (sbom?.text === undefined) return [];
  const digest = `sha256:${createHash('sha256').update(sbom.text).digest('hex')}`;
  return digest === sbom.digest ? [] : [{ pointer: '/sbom/digest', message: `must be that of its text, ${digest}` }];
}
