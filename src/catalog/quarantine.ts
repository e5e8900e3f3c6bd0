import { type Logger } from '../observability/logger.js';
import { type Catalog } from './catalog.js';
import { type CatalogEntry } from './entry.js';
import { type Fetches } from './fetch/fetches.js';
import { type Place } from './weights.js';

/** Keeps wrong bytes from engines. Those of an operator are never touched, only not loaded. */
export class Quarantine {
  constructor(
    private readonly catalog: Catalog,
    private readonly fetches: Pick<Fetches, 'quarantine'>,
    private readonly logger: Logger,
  ) {}

  /** Nothing loads the model until a verification finds it right. */
  async take(entry: CatalogEntry, place: Place): Promise<void> {
    await this.catalog.learn(entry.id, { isQuarantined: true });
    await this.putAway(entry, place);
  }

  /** Moves weights that were fetched to where no engine finds them. */
  async putAway({ id, digest }: CatalogEntry, place: Place): Promise<void> {
    const isOurs = place.type === 'local' && place.isOurs && digest !== undefined;
    const isMoved = isOurs && (await this.fetches.quarantine(digest));
    const how = isMoved ? 'they were put away' : 'they stay where they are, and are not loaded';
    this.logger.error('verify', `the weights of model ${id} are not what they should be: ${how}`, {
      ...{ model_id: id, model_digest: digest },
    });
  }
}
