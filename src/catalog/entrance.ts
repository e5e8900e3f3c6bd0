import { AppError } from '../kernel/errors.js';
import { type Logger } from '../observability/logger.js';
import { type Catalog } from './catalog.js';
import { type DeclaredModel, declarationOf } from './declaration.js';
import { type Digests } from './digests.js';
import { type CatalogEntry, type Declaration, type Manifest, type TrustMode } from './entry.js';
import { type EntryTrust } from './entry-trust.js';
import { markOf } from './file-mark.js';
import { type Place, type Weights } from './weights.js';

export interface EntrancePorts {
  readonly catalog: Catalog;
  readonly weights: Weights;
  readonly digests: Digests;
  readonly trust: EntryTrust;
  readonly logger: Logger;
}

/** Weights that are read while the caller waits; larger ones are compared before they are loaded. */
const READ_AT_ONCE_BYTES = 256 * 1024 * 1024;
const NEVER = new AbortController().signal;

/** Lets models into the catalog. */
export class Entrance {
  constructor(private readonly ports: EntrancePorts) {}

  /**
   * @param header a policy that this call is tightened by
   * @throws AppError 400 for what is malformed or not trusted; 409 for an id or name that another model has
   */
  async add(body: DeclaredModel, addedBy: string, header: TrustMode | undefined): Promise<CatalogEntry> {
    const { catalog, trust, logger } = this.ports;
    const declared = declarationOf(body);
    const files = await this.filesOf(declared);
    const { verdict, reasons, warnings, signatures } = await trust.judge(declared, files, header);
    if (verdict === 'fail') throw untrusted(declared, reasons[0]?.message ?? 'nothing proves it');
    const entry = await catalog.create({ ...declared, signatures }, addedBy, warnings);
    for (const warning of warnings)
      logger.warn('trust_warning', `model ${entry.id}: ${warning}`, { model_id: entry.id, model_digest: entry.digest });
    return entry;
  }

  /** What is here and quickly read. */
  private async filesOf(declared: Declaration): Promise<readonly Manifest[] | undefined> {
    const { weights, digests } = this.ports;
    const place: Place = await weights.find(declared);
    if (place.type !== 'local') return undefined;
    try {
      const isQuick = (await markOf(place.path)).sizeBytes <= READ_AT_ONCE_BYTES;
      return isQuick || (await digests.isKnown(place.path)) ? await digests.manifests(place.path, NEVER) : undefined;
    } catch {
      // Whoever loads it says what is wrong with it.
      return undefined;
    }
  }
}

function untrusted({ id }: Declaration, why: string): AppError {
  return new AppError('UNTRUSTED_ARTIFACT', `model ${id} is not trusted: ${why}`);
}
