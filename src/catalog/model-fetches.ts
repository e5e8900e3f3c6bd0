import { EngineError } from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { type Logger } from '../observability/logger.js';
import { type Catalog } from './catalog.js';
import { type CatalogEntry } from './entry.js';
import { type EntryTrust } from './entry-trust.js';
import { type FetchProgress } from './fetch/fetch-progress.js';
import { type Fetches } from './fetch/fetches.js';
import { orderOf, type Weights } from './weights.js';

export interface ModelFetchPorts {
  readonly catalog: Pick<Catalog, 'get' | 'learn'>;
  readonly weights: Pick<Weights, 'find'>;
  readonly fetches: Pick<Fetches, 'start' | 'ensure'>;
  readonly trust: Pick<EntryTrust, 'isStrict' | 'judge'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Weights that a task asks for are fetched. */
  readonly isAutomatic: boolean;
}

/** Called when the weights of an entry have come. */
export type ArrivalListener = (entry: CatalogEntry) => void;

/** After a fetch that came to nothing, tasks start no other one for this time. */
const REST_MS = 30_000;
const NEVER = new AbortController().signal;

/** Gets the weights of entries here, and writes down what they were found to be. */
export class ModelFetches {
  private readonly listeners: ArrivalListener[] = [];
  private readonly underWay = new Map<string, Promise<unknown>>();
  /** Monotonic ms. */
  private readonly notBefore = new Map<string, number>();

  constructor(private readonly ports: ModelFetchPorts) {}

  listen(listener: ArrivalListener): void {
    this.listeners.push(listener);
  }

  /** False: they should be on this machine, and could be fetched. */
  async isHere(entry: CatalogEntry): Promise<boolean> {
    return (await this.ports.weights.find(entry)).type !== 'remote';
  }

  /**
   * A task asks for weights that are not here. Undefined: they are not fetched by themselves, or could not be a moment ago.
   * @throws AppError `UNTRUSTED_ARTIFACT` for a model that would not be loaded
   */
  async wanted(entry: CatalogEntry): Promise<FetchProgress | undefined> {
    const { isAutomatic, weights, clock } = this.ports;
    if (!isAutomatic || entry.isQuarantined || (this.notBefore.get(entry.id) ?? 0) > clock.now()) return undefined;
    const place = await weights.find(entry);
    return place.type === 'remote' ? this.start(entry) : undefined;
  }

  /**
   * Begins to fetch, or joins the fetch under way; it goes on by itself.
   * @throws AppError `UNTRUSTED_ARTIFACT` for a model that would not be loaded; FetchError for a ref that no source takes
   */
  async start(entry: CatalogEntry): Promise<FetchProgress> {
    await this.requireTrust(entry);
    const progress = this.ports.fetches.start(orderOf(entry));
    if (!this.underWay.has(entry.id)) {
      const coming = this.fetch(entry, NEVER)
        .catch((error: unknown) => this.tell(entry, error))
        .finally(() => this.underWay.delete(entry.id));
      this.underWay.set(entry.id, coming);
    }
    return progress;
  }

  /** Waits until the weights are here; of those that nobody can fetch, nothing is said. @throws EngineError */
  async ensure(entry: CatalogEntry, stop: AbortSignal): Promise<void> {
    const place = await this.ports.weights.find(entry);
    if (place.type !== 'remote') return;
    try {
      await this.requireTrust(entry);
      await this.fetch(entry, stop);
    } catch (error) {
      const message =
        error instanceof AppError ? error.message : `the weights of model ${entry.id} could not be fetched`;
      throw new EngineError('invalid-input', message, { reason: 'model_missing', cause: error });
    }
  }

  /** What would never be loaded is not fetched. */
  private async requireTrust(entry: CatalogEntry): Promise<void> {
    const { trust } = this.ports;
    if (!trust.isStrict(entry)) return;
    const { verdict, reasons } = await trust.judge(entry, undefined);
    if (verdict !== 'fail') return;
    const why = reasons[0]?.message ?? 'nothing proves it';
    throw new AppError('UNTRUSTED_ARTIFACT', `model ${entry.id} is not trusted, so that it is not fetched: ${why}`);
  }

  private async fetch(entry: CatalogEntry, stop: AbortSignal): Promise<void> {
    const { digest, pinnedRef } = await this.ports.fetches.ensure(orderOf(entry), stop);
    const { catalog } = this.ports;
    this.notBefore.delete(entry.id);
    await catalog.learn(entry.id, { digest, pinnedRef, isQuarantined: false });
    const current = catalog.get(entry.id);
    if (current !== undefined) for (const listener of this.listeners) listener(current);
  }

  private tell({ id }: CatalogEntry, error: unknown): void {
    this.notBefore.set(id, this.ports.clock.now() + REST_MS);
    const why = error instanceof Error ? error.message : String(error);
    this.ports.logger.warn('pool_state', `the weights of model ${id} did not come: ${why}`, { model_id: id });
  }
}
