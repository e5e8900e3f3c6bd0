import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Egress } from '../../egress/egress.js';
import { type Clock } from '../../kernel/clock.js';
import { AppError } from '../../kernel/errors.js';
import { type Logger } from '../../observability/logger.js';
import { digestOf, isDigest } from '../trust/digest.js';
import { modelFiles } from '../trust/model-files.js';
import { entryFile } from './chosen-files.js';
import { FetchError } from './fetch-error.js';
import { Fetches, type Inspection } from './fetches.js';
import { type FetchProgress } from './fetch-progress.js';
import { FileFetches, type FetchedFile, type FileFetchLimits, type WantedFile } from './file-fetches.js';
import { Flights } from './flights.js';
import { inspected } from './inspected.js';
import { InPlace } from './in-place.js';
import { type FetchOrder, type LocalModel, type ResolvedRef } from './local-model.js';
import { type ModelPlan, planOf, resolvedRef, wantedFiles } from './model-plan.js';
import { type ModelRecord } from './model-record.js';
import { Room, type RoomLimits } from './room.js';
import { resolved, type Sources } from './sources.js';
import { SourceDoor } from './source-door.js';
import { type Listen, Tracking } from './tracking.js';
import { type WeightsCache } from './weights-cache.js';

export interface DownloadsPorts {
  readonly sources: Sources;
  readonly egress: Egress;
  readonly cache: WeightsCache;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: FileFetchLimits & RoomLimits;
}

/** Ended fetches that can still be asked for. */
const MOST_ENDED = 100;

/** Models on this machine: fetched into a cache once each, or used where the operator keeps them. */
export class Downloads extends Fetches {
  private readonly room: Room;
  private readonly files: FileFetches;
  private readonly inPlace = new InPlace();
  private readonly flights = new Flights<LocalModel>();
  private readonly tracked = new Map<string, Tracking>();
  private readonly life = new AbortController();
  /** True: the folder of weights is ours to write to. */
  private prepared: Promise<boolean> | undefined;

  private constructor(private readonly ports: DownloadsPorts) {
    super();
    const { cache, clock, limits } = ports;
    this.room = new Room(cache, limits);
    this.files = new FileFetches(cache, this.room, clock, limits);
  }

  /** Touches no disk: a daemon that fetches nothing needs no place for it. */
  static open(ports: DownloadsPorts): Promise<Downloads> {
    return Promise.resolve(new Downloads(ports));
  }

  override async resolve(order: FetchOrder, signal: AbortSignal): Promise<ResolvedRef> {
    return resolvedRef((await this.plan(order, signal)).plan);
  }

  override async inspect(order: FetchOrder, signal: AbortSignal): Promise<Inspection> {
    const { plan, door } = await this.plan(order, signal);
    return inspected(plan, door, signal);
  }

  override async ensure(order: FetchOrder, signal: AbortSignal): Promise<LocalModel> {
    demandDigest(order);
    const here = order.digest === undefined ? undefined : await this.local(order.digest);
    if (here !== undefined) return { ...here, ref: order.ref };
    const id = this.idOf(order);
    return this.flights.join(id, signal, (within) => this.told(this.trackingOf(id, order.ref), order, within));
  }

  override start(order: FetchOrder): FetchProgress {
    demandDigest(order);
    this.ports.sources.of(order.ref);
    const tracking = this.trackingOf(this.idOf(order), order.ref);
    void this.ensure(order, this.life.signal)
      .then((model) => {
        if (!tracking.isOver) tracking.enter('done', model.digest);
      })
      .catch(() => undefined);
    return tracking.progress;
  }

  override cancel(id: string): boolean {
    if (!this.flights.has(id)) return false;
    this.flights.callOff(id, new FetchError('cancelled', 'the fetch was called off; what is here stays to go on from'));
    return true;
  }

  override idOf({ ref, digest = '' }: FetchOrder): string {
    return createHash('sha256').update(`${ref}\n${digest}`).digest('hex').slice(0, 24);
  }

  override progress(id: string): FetchProgress | undefined {
    return this.tracked.get(id)?.progress;
  }

  override list(): readonly FetchProgress[] {
    return [...this.tracked.values()].map(({ progress }) => progress);
  }

  override follow(id: string, listen: Listen): () => void {
    return this.tracked.get(id)?.follow(listen) ?? (() => undefined);
  }

  override async local(digest: string): Promise<LocalModel | undefined> {
    const { cache, clock } = this.ports;
    const found = await cache.find(digest);
    if (found === undefined) return this.inPlace.find(digest);
    await cache.touch(digest, clock.epochMs());
    return this.modelOf(found.record);
  }

  override lease(digest: string): () => void {
    return this.room.lease(digest);
  }

  override async verify(digest: string, signal: AbortSignal): Promise<boolean> {
    const found = await this.ports.cache.find(digest);
    if (found === undefined) return this.inPlace.verify(digest, signal);
    const location = this.modelOf(found.record).path;
    const isSame = digestOf(await modelFiles(location, { signal, allowLinks: true })) === digest;
    if (!isSame) await this.ports.cache.quarantineModel(found.record);
    return isSame;
  }

  override async quarantine(digest: string): Promise<boolean> {
    const found = await this.ports.cache.find(digest);
    if (found !== undefined) await this.ports.cache.quarantineModel(found.record);
    return found !== undefined;
  }

  override async remove(digest: string): Promise<boolean> {
    const found = this.room.isLeased(digest) ? undefined : await this.ports.cache.find(digest);
    if (found !== undefined) await this.ports.cache.remove(found.record, (blob) => this.room.isHeld(blob));
    return found !== undefined;
  }

  override cleanUp(olderThanEpochMs: number): Promise<number> {
    const isInUse = (key: string) => this.files.isInUse(key) || this.room.isHeld(`sha256:${key}`);
    return this.ports.cache.cleanUp(olderThanEpochMs, isInUse);
  }

  override protect(isReferenced: (digest: string) => boolean): void {
    this.room.protect(isReferenced);
  }

  override async close(): Promise<void> {
    const reason = new FetchError('cancelled', 'the daemon stops; the fetch goes on when it is asked for again');
    this.life.abort(reason);
    await this.flights.close(reason);
    await this.files.close(reason);
    await this.ports.cache.close();
  }

  private async plan(order: FetchOrder, signal: AbortSignal) {
    demandDigest(order);
    const source = this.ports.sources.of(order.ref);
    const door = new SourceDoor(this.ports.egress, source, order);
    const plan = planOf(order, source, await resolved(source, order.ref, door, signal));
    return { plan, door };
  }

  /** Before the first byte is written. @throws FetchError where that cannot be */
  private async prepare(): Promise<void> {
    this.prepared ??= this.ports.cache.prepare();
    const isOurs = await this.prepared.catch((cause: unknown) => {
      const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
      this.prepared = undefined;
      throw new FetchError('not_local', `the folder of weights cannot be written to (${code}); correct catalog.weights_dir`, { cause }); // prettier-ignore
    });
    if (isOurs) return;
    this.prepared = undefined;
    const hint = 'end it, or give each a catalog.weights_dir of its own';
    throw new FetchError('not_local', `another daemon fetches into the same folder of weights; ${hint}`);
  }

  /** A fetch, and what is told of it. */
  private async told(tracking: Tracking, order: FetchOrder, signal: AbortSignal): Promise<LocalModel> {
    tracking.begin();
    try {
      const model = await this.fetch(tracking, order, signal);
      tracking.enter('done', model.digest);
      return model;
    } catch (error) {
      tracking.fail(signal.aborted ? 'cancelled' : 'failed', sentenceOf(error));
      throw error;
    }
  }

  private async fetch(tracking: Tracking, order: FetchOrder, signal: AbortSignal): Promise<LocalModel> {
    const { plan, door } = await this.plan(order, signal);
    if (plan.files.some(({ place }) => place.type === 'local')) return this.inPlace.take(plan, signal);
    const here = await this.hereAlready(plan);
    if (here !== undefined) return { ...here, ref: order.ref };
    await this.prepare();
    const wanted = wantedFiles(plan);
    const holds = wanted.flatMap(({ digest }) => (digest === undefined ? [] : [this.room.hold(digest)]));
    try {
      const fetched = await this.fetchAll(tracking, wanted, door, signal, (digest) =>
        holds.push(this.room.hold(digest)),
      );
      tracking.enter('checking');
      return await this.publish(plan, wanted, fetched);
    } finally {
      for (const letGo of holds) letGo();
    }
  }

  /** By its digest; or by its ref, where that never leads to other bytes. */
  private async hereAlready({ digest, resolved: { pinnedRef, revision } }: ModelPlan): Promise<LocalModel | undefined> {
    if (digest !== undefined) return this.local(digest);
    if (revision === undefined) return undefined;
    const same = (await this.ports.cache.all()).find(({ record }) => record.pinnedRef === pinnedRef);
    return same === undefined ? undefined : this.local(same.record.digest);
  }

  /** The first that fails ends the others; what they have stays. */
  private async fetchAll(
    tracking: Tracking,
    wanted: readonly WantedFile[],
    door: SourceDoor,
    signal: AbortSignal,
    onDigest: (digest: string) => void,
  ): Promise<readonly FetchedFile[]> {
    tracking.fetching(wanted.map((file) => ({ sizeBytes: file.sizeBytes, meter: this.files.meterOf(file) })));
    const others = new AbortController();
    const within = AbortSignal.any([signal, others.signal]);
    const fetches = wanted.map(async (file, at) => {
      const fetched = await this.files.fetch(file, door, within);
      onDigest(fetched.digest);
      tracking.fileIsDone(at);
      return fetched;
    });
    try {
      return await Promise.all(fetches);
    } catch (error) {
      others.abort(error);
      await Promise.allSettled(fetches);
      throw error;
    }
  }

  private async publish(
    { order, resolved: { pinnedRef, revision, registry } }: ModelPlan,
    wanted: readonly WantedFile[],
    fetched: readonly FetchedFile[],
  ): Promise<LocalModel> {
    const { cache, clock, logger } = this.ports;
    const files = wanted.map(({ path }, at) => ({ path, ...fetched[at]! }));
    const digest = digestOf(files);
    if (order.digest !== undefined && order.digest !== digest)
      throw new FetchError('untrusted', `${order.ref} is ${digest}, not ${order.digest}; nothing of it is loaded: check the ref, then the digest`); // prettier-ignore
    const about = { ref: order.ref, pinnedRef, ...(revision === undefined ? {} : { revision }), registry };
    const record: ModelRecord = { ...about, digest, fetchedMs: clock.epochMs(), files };
    const model = this.modelOf(await cache.publish(record));
    for (const file of wanted) await this.files.forget(file);
    const facts = { model_digest: digest, bytes: model.sizeBytes, registry };
    logger.info('fetch', `fetched model ${order.ref.split('?')[0]}`, facts);
    return model;
  }

  private modelOf({ digest, ref, pinnedRef, revision, registry, files }: ModelRecord): LocalModel {
    const folder = this.ports.cache.modelFolder(digest);
    const entry = entryFile(files.map(({ path }) => path));
    return {
      ...{ ref, pinnedRef, revision, registry, digest, isCached: true },
      sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      path: entry === undefined ? folder : join(folder, entry),
      files: files.map((file) => ({ ...file, location: join(folder, file.path) })),
    };
  }

  private trackingOf(id: string, ref: string): Tracking {
    const known = this.tracked.get(id);
    if (known !== undefined && (!known.isOver || this.flights.has(id))) return known;
    this.tracked.delete(id);
    const ended = [...this.tracked.values()].filter(({ isOver }) => isOver);
    if (ended.length >= MOST_ENDED) this.tracked.delete(ended[0]!.id);
    const tracking = new Tracking(id, ref, this.ports.clock);
    this.tracked.set(id, tracking);
    return tracking;
  }
}

function demandDigest({ digest }: FetchOrder): void {
  if (digest === undefined || isDigest(digest)) return;
  throw new FetchError('malformed', 'a digest is sha256: and 64 hex digits in lower case');
}

/** Errors of ours are written for people; others may name paths. */
function sentenceOf(error: unknown): string {
  return error instanceof AppError ? error.message : 'something failed here; see the log';
}
