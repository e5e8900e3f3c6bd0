import { EngineError } from '@llama-orch/plugin-sdk';
import { type Logger } from '../observability/logger.js';
import { type Catalog } from './catalog.js';
import { type Digests } from './digests.js';
import { type CatalogEntry } from './entry.js';
import { type EntryTrust } from './entry-trust.js';
import { parseModelRef } from './refs/model-ref.js';
import { isDigest } from './trust/digest.js';
import { type Fetches } from './fetch/fetches.js';
import { markOf } from './file-mark.js';
import { type Quarantine } from './quarantine.js';
import { type UnaskedDigests } from './unasked-digests.js';
import { type Place, type Weights } from './weights.js';

export interface ModelGatePorts {
  readonly catalog: Catalog;
  readonly weights: Weights;
  readonly digests: Digests;
  readonly unasked: Pick<UnaskedDigests, 'workOut'>;
  readonly trust: EntryTrust;
  readonly quarantine: Quarantine;
  readonly fetches: Pick<Fetches, 'lease'>;
  readonly logger: Logger;
}

/** What is known of the engine that a model is to be loaded by. */
export interface PlannedStart {
  /** It runs somewhere else, with weights of its own. */
  readonly isElsewhere: boolean;
  /** Absolute path of weights that its pool is configured with, beside its model ref. */
  readonly ownPath: string | undefined;
}

/** A model that an engine may be given. */
export interface Cleared {
  readonly entry: CatalogEntry;
  /** Absolute path of its weights; undefined where the engine has them. */
  readonly path: string | undefined;
  /** To be asked once the engine has loaded it: is it still the same? @throws EngineError */
  confirm(digest: string | undefined): Promise<void>;
  /** The engine has ended. Calling it twice is harmless. */
  release(): void;
}

const NEVER = new AbortController().signal;

/** What stands between the catalog and the engines: nothing is loaded that was not let through here. */
export class ModelGate {
  constructor(private readonly ports: ModelGatePorts) {}

  /** The entry of a ref, made if there is none. @throws EngineError when it may not be loaded */
  async entryOf(ref: string): Promise<CatalogEntry> {
    return servable(await this.ports.catalog.adopt(ref), ref);
  }

  /** Whether a ref may be loaded, as far as the catalog knows. Makes no entry. @throws EngineError when it may not */
  requireServable(ref: string): void {
    const entry = this.ports.catalog.find(ref);
    if (entry !== undefined || parseModelRef(ref).type === 'digest') servable(entry, ref);
  }

  /**
   * Lets a model through to an engine: a digest that somebody supplied is compared with every byte, unless these very
   * bytes were compared before; one that nobody supplied is worked out while the engine loads.
   * @throws EngineError when it may not be loaded
   */
  async clear(ref: string, start: PlannedStart, stop: AbortSignal): Promise<Cleared> {
    const entry = await this.entryOf(ref);
    const place = await this.placeOf(entry, start);
    if (place.type === 'remote') throw missing(entry);
    if (place.type === 'missing' && this.isProvenFirst(entry)) throw lost(entry);
    // An engine says best what it misses.
    return place.type === 'local' ? this.clearLocal(entry, place, stop) : this.clearForeign(entry);
  }

  private async placeOf(entry: CatalogEntry, { isElsewhere, ownPath }: PlannedStart): Promise<Place> {
    if (isElsewhere) return { type: 'engine' };
    return ownPath === undefined ? this.ports.weights.find(entry) : this.ports.weights.at(ownPath);
  }

  private async clearForeign(entry: CatalogEntry): Promise<Cleared> {
    await this.requireTrust(entry, undefined, NEVER);
    const confirm = (digest: string | undefined) => this.confirmForeign(entry, digest);
    return { entry, path: undefined, confirm, release: () => {} };
  }

  private async clearLocal(
    entry: CatalogEntry,
    place: Extract<Place, { readonly type: 'local' }>,
    stop: AbortSignal,
  ): Promise<Cleared> {
    const { path } = place;
    const release = place.isOurs && place.digest !== undefined ? this.ports.fetches.lease(place.digest) : () => {};
    try {
      const before = await markOf(path);
      let giveUp = () => {};
      if (this.isProvenFirst(entry)) await this.requireBytes(entry, place, stop);
      else giveUp = this.ports.unasked.workOut(entry, path);
      const confirm = async () => {
        // It serves, so that its digest is of use even when it is unloaded before that is known.
        giveUp = () => {};
        const now = await markOf(path).catch(() => undefined);
        if (now?.mark !== before.mark && this.isProvenFirst(entry)) throw changed(entry);
      };
      const end = () => {
        giveUp();
        release();
      };
      return { entry, path, confirm, release: end };
    } catch (error) {
      release();
      throw error;
    }
  }

  private isProvenFirst(entry: CatalogEntry): boolean {
    return entry.isSupplied || this.ports.trust.isStrict(entry);
  }

  private async requireBytes(
    entry: CatalogEntry,
    place: Extract<Place, { readonly type: 'local' }>,
    stop: AbortSignal,
  ): Promise<void> {
    const { digests, quarantine, catalog } = this.ports;
    const { digest } = await digests.of(place.path, stop).catch((cause: unknown) => {
      throw unreadable(entry, cause);
    });
    if (entry.isSupplied && digest !== entry.digest) {
      await quarantine.putAway(entry, place);
      throw mismatch(entry, digest);
    }
    if (!entry.isSupplied && entry.digest !== digest) await catalog.learn(entry.id, { digest });
    await this.requireTrust(entry, place.path, stop);
  }

  /** @throws EngineError under a policy that the model does not meet */
  private async requireTrust(entry: CatalogEntry, path: string | undefined, stop: AbortSignal): Promise<void> {
    const { trust, digests } = this.ports;
    if (!trust.isStrict(entry)) return;
    const { verdict, reasons } = await trust.judge(
      entry,
      path === undefined ? path : await digests.manifests(path, stop),
    );
    if (verdict !== 'fail') return;
    throw unusable('model_unusable', `model ${entry.id} is not trusted: ${reasons[0]?.message ?? 'nothing proves it'}`);
  }

  /** Weights that an engine has of its own are known by what it says of them. */
  private async confirmForeign(entry: CatalogEntry, told: string | undefined): Promise<void> {
    const { catalog, logger } = this.ports;
    // Some engines tell an identity that is made of other things than bytes.
    const digest = told !== undefined && isDigest(told) ? told : undefined;
    if (digest === undefined) {
      if (!entry.isSupplied) return;
      const what = `the engine does not tell the digest of model ${entry.id}, so that it was not compared`;
      return logger.warn('trust_warning', what, { model_id: entry.id });
    }
    if (entry.isSupplied && digest !== entry.digest) throw mismatch(entry, digest);
    if (entry.digest !== digest) await catalog.learn(entry.id, { digest });
  }
}

/** @throws EngineError when it may not be loaded */
function servable(entry: CatalogEntry | undefined, ref: string): CatalogEntry {
  if (entry === undefined) throw unusable('model_missing', `the catalog has no model with the digest ${ref}; add one`);
  if (entry.state === 'Retired') throw retired(entry);
  if (entry.isQuarantined) throw quarantined(entry);
  return entry;
}

export function retired({ id }: CatalogEntry): EngineError {
  const message = `model ${id} is retired; activate it with llama-orch models activate ${id}, or name another model`;
  return new EngineError('invalid-input', message, { reason: 'model_retired' });
}

function quarantined({ id }: CatalogEntry): EngineError {
  const message = `the weights of model ${id} were found wrong; put the right ones in their place, then run llama-orch models verify ${id}`;
  return unusable('digest_mismatch', message);
}

function missing({ id }: CatalogEntry): EngineError {
  return unusable(
    'model_missing',
    `the weights of model ${id} are not on this machine; run llama-orch models pull ${id}`,
  );
}

function lost({ id }: CatalogEntry): EngineError {
  return unusable('model_missing', `the weights of model ${id} are not where its entry says; put them there again`);
}

function mismatch({ id, digest }: CatalogEntry, found: string): EngineError {
  const message = `model ${id} has the digest ${found}, not ${digest}; fetch it anew, or correct the digest`;
  return unusable('digest_mismatch', message);
}

function changed({ id }: CatalogEntry): EngineError {
  const message = `the weights of model ${id} changed while they were loaded; start it again when nobody writes to them`;
  return new EngineError('unavailable', message, { reason: 'digest_mismatch' });
}

function unreadable({ id }: CatalogEntry, cause: unknown): EngineError {
  return new EngineError('unavailable', `the weights of model ${id} could not be read to their end`, { cause });
}

function unusable(reason: string, message: string): EngineError {
  return new EngineError('invalid-input', message, { reason });
}
