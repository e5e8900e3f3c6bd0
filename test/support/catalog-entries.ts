import { type CatalogEntry, type Declaration } from '../../src/catalog/entry.js';

export const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** What somebody declares, with as little as there may be. */
export function declared(id: string, more: Partial<Declaration> = {}): Declaration {
  return {
    ...{ id, digest: digest('0'), sourceUrl: undefined, version: undefined, aliases: [], tags: [], manifests: [] },
    ...{ signatures: [], sbom: undefined, trustPolicy: undefined, signed: undefined, ...more },
  };
}

export function entryOf(id: string, more: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    ...declared(id),
    ...{ isSupplied: true, pinnedRef: undefined, state: 'Active', createdMs: 0, addedBy: 'local' },
    ...{ lastVerification: undefined, warnings: [], isQuarantined: false, ...more },
  };
}
