import { hash } from 'node:crypto';

declare const brand: unique symbol;
/** `sha256:` and 64 hex digits, lower case. It names a content, whoever keeps it. */
export type ArtifactId = string & { readonly [brand]: 'ArtifactId' };

const ID = /^sha256:[0-9a-f]{64}$/;
const PREFIX = 'sha256:';
/** Hashing more than this holds the event loop up. */
const AT_ONCE = 256 * 1024;

/** An id, or undefined for any other text: nothing else ever becomes a part of a path. */
export function parseArtifactId(text: string): ArtifactId | undefined {
  return ID.test(text) ? (text as ArtifactId) : undefined;
}

/** The id of a canonical form. */
export async function artifactIdOf(form: Uint8Array): Promise<ArtifactId> {
  return `${PREFIX}${form.length <= AT_ONCE ? hash('sha256', form) : await hashAside(form)}` as ArtifactId;
}

export function hexOf(id: ArtifactId): string {
  return id.slice(PREFIX.length);
}

async function hashAside(form: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(form))).toString('hex');
}
