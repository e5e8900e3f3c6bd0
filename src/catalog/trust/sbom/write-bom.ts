import { createHash } from 'node:crypto';
import { inOrder, type FileDigest } from '../digest.js';
import { Distrust } from '../reasons.js';
import { componentsOf, MODEL_TYPE, type Component } from './cyclonedx.js';

/** The model that a bill of materials is written for. */
export interface BomModel {
  readonly id: string;
  readonly version: string | undefined;
  /** `sha256:<hex>`; undefined while nobody knows it. */
  readonly digest: string | undefined;
  readonly sourceUrl: string | undefined;
  readonly files: readonly FileDigest[];
  /** Text of the SBOM that came with it; licences and pedigree are taken from there. */
  readonly sbom?: string | undefined;
}

/**
 * A CycloneDX 1.6 ML-BOM of a model, as plain JSON: its digest, its files, where it comes from, and what the SBOM that
 * came with it says of licences and pedigree. The same model gives the same document.
 */
export function bomOf(model: BomModel): Readonly<Record<string, unknown>> {
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`${model.id} ${model.digest ?? ''}`)}`,
    version: 1,
    metadata: { component: modelComponent(model) },
  };
}

function modelComponent(model: BomModel): Readonly<Record<string, unknown>> {
  const { id, version, digest, sourceUrl, files } = model;
  const kept = keptComponent(model.sbom);
  return {
    type: MODEL_TYPE,
    'bom-ref': id,
    name: id,
    ...(version !== undefined && { version }),
    ...(digest !== undefined && { hashes: [hashOf(digest)] }),
    ...(kept !== undefined && kept.licenses.length > 0 && { licenses: kept.licenses }),
    ...(sourceUrl !== undefined && { externalReferences: [{ type: 'distribution', url: sourceUrl }] }),
    ...(kept?.pedigree !== undefined && { pedigree: kept.pedigree }),
    ...(files.length > 0 && { components: inOrder(files).map(fileComponent) }),
  };
}

const fileComponent = ({ path, digest }: FileDigest) => ({ type: 'file', name: path, hashes: [hashOf(digest)] });

const hashOf = (digest: string) => ({ alg: 'SHA-256', content: digest.replace(/^sha256:/, '') });

/** What cannot be read tells nothing. */
function keptComponent(sbom: string | undefined): Component | undefined {
  if (sbom === undefined) return undefined;
  try {
    return componentsOf(sbom).find(({ type }) => type === MODEL_TYPE);
  } catch (error) {
    if (error instanceof Distrust) return undefined;
    throw error;
  }
}

/** A UUID made from a text, in the form of version 8. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
