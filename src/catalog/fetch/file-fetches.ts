import { createHash } from 'node:crypto';
import { type FilePlace } from '@llama-orch/plugin-sdk';
import { type Clock } from '../../kernel/clock.js';
import { Download, type RemoteFile } from './download.js';
import { FetchError } from './fetch-error.js';
import { Flights } from './flights.js';
import { Unsound } from './formats/byte-source.js';
import { checkFile } from './formats/check-file.js';
import { hexOf } from './hex.js';
import { Meter } from './meter.js';
import { Part, type PartPlace } from './part.js';
import { type Room } from './room.js';
import { failureOf } from './sources.js';
import { type SourceDoor } from './source-door.js';
import { Turns } from './turns.js';
import { type WeightsCache } from './weights-cache.js';

export interface FileFetchLimits {
  /** Files at a time. */
  readonly parallel: number;
  readonly retries: number;
  readonly retryMs: number;
  readonly checkpointBytes: number;
}

/** A file that is wanted, and what its model says of it. */
export interface WantedFile {
  readonly ref: string;
  readonly pinnedRef: string;
  readonly path: string;
  readonly sizeBytes: number | undefined;
  /** What its bytes must come to; undefined: nobody said. */
  readonly digest: string | undefined;
  readonly place: Extract<FilePlace, { readonly type: 'remote' }>;
}

export interface FetchedFile {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Brings single files into the cache: one download per digest. */
export class FileFetches {
  private readonly flights = new Flights<FetchedFile>();
  private readonly meters = new Map<string, Meter>();
  private readonly turns: Turns;

  constructor(
    private readonly cache: WeightsCache,
    private readonly room: Room,
    private readonly clock: Clock,
    private readonly limits: FileFetchLimits,
  ) {
    this.turns = new Turns(limits.parallel);
  }

  /** Shared by all who fetch this file at the moment. */
  meterOf(file: WantedFile): Meter {
    const key = keyOf(file);
    const meter = this.meters.get(key) ?? new Meter(this.clock);
    this.meters.set(key, meter);
    return meter;
  }

  isInUse(key: string): boolean {
    return this.flights.has(key);
  }

  /** @throws FetchError, AppError of egress */
  async fetch(file: WantedFile, door: SourceDoor, signal: AbortSignal): Promise<FetchedFile> {
    const key = keyOf(file);
    const meter = this.meterOf(file);
    try {
      const fetched = await this.flights.join(key, signal, (within) => this.bring(file, key, door, within));
      meter.begin(fetched.sizeBytes);
      return fetched;
    } finally {
      if (!this.flights.has(key)) this.meters.delete(key);
    }
  }

  /** The model that it belongs to is whole: from now on that is where it is found. */
  async forget(file: WantedFile): Promise<void> {
    if (file.digest === undefined) await this.cache.forget(keyOf(file));
  }

  async close(reason: unknown): Promise<void> {
    await this.flights.close(reason);
  }

  private async bring(file: WantedFile, key: string, door: SourceDoor, signal: AbortSignal): Promise<FetchedFile> {
    const known = file.digest ?? (await this.cache.remembered(key));
    const blob = known === undefined ? undefined : await this.cache.blob(known);
    if (known !== undefined && blob !== undefined) {
      await sound(blob.location, file);
      return { digest: known, sizeBytes: blob.sizeBytes };
    }
    return this.turns.take(signal, () => this.download(file, key, door, signal));
  }

  private async download(file: WantedFile, key: string, door: SourceDoor, signal: AbortSignal): Promise<FetchedFile> {
    const place = this.cache.partPlace(key);
    const part = await Part.open(place, this.limits.checkpointBytes, signal).catch((error: unknown) => {
      throw storageFailure(error, file);
    });
    try {
      const meter = this.meterOf(file);
      meter.begin(part.bytes);
      await this.run(file, key, door, part, meter, signal);
      await part.finish();
    } catch (error) {
      // A disk that is full takes no state; what it has is believed all the same while the machine runs.
      await part.pause().catch(() => undefined);
      throw storageFailure(error, file);
    } finally {
      this.room.release(key);
    }
    return this.accept(file, key, place, part);
  }

  private async run(
    file: WantedFile,
    key: string,
    door: SourceDoor,
    part: Part,
    meter: Meter,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, limits, room } = this;
    const demandRoom = (bytes: number) => room.demand(key, bytes);
    if (file.sizeBytes !== undefined) await demandRoom(Math.max(0, file.sizeBytes - part.bytes));
    await new Download(remoteFile(file, door, signal), part, { door, clock, meter, ...limits, demandRoom }).run(signal);
  }

  /** Nothing gets a name that an engine could find before it was compared and looked through. */
  private async accept(file: WantedFile, key: string, place: PartPlace, part: Part): Promise<FetchedFile> {
    const { digest, bytes } = part;
    if (file.digest !== undefined && digest !== file.digest) {
      await this.cache.quarantinePart(place, key);
      throw new FetchError('untrusted', `${nameOf(file)} is ${digest}, not ${file.digest}; it was put away: check the ref, then the digest`); // prettier-ignore
    }
    try {
      await sound(place.file, file);
    } catch (error) {
      await this.cache.quarantinePart(place, hexOf(digest));
      throw error;
    }
    await this.cache.adopt(place, digest, file.digest === undefined);
    return { digest, sizeBytes: bytes };
  }
}

export function remoteFile(file: WantedFile, door: SourceDoor, signal: AbortSignal): RemoteFile {
  const fetch = door.fetchFor(signal);
  const ask = async () => {
    try {
      return await file.place.ask(fetch);
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(error, file.ref);
    }
  };
  return { name: nameOf(file), sizeBytes: file.sizeBytes, ask };
}

/** What nobody told the digest of is known by where it is. */
function keyOf({ digest, pinnedRef, path }: WantedFile): string {
  return digest === undefined ? createHash('sha256').update(`${pinnedRef}\n${path}`).digest('hex') : hexOf(digest);
}

async function sound(location: string, file: WantedFile): Promise<void> {
  try {
    await checkFile(location, file.path);
  } catch (error) {
    if (!(error instanceof Unsound)) throw error;
    throw new FetchError('unsound', `${nameOf(file)} is not loaded: ${error.message}`, { cause: error });
  }
}

function storageFailure(error: unknown, file: WantedFile): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FetchError('no_space', `${nameOf(file)} was not fetched: the disk is full; make room and try again to go on`, { cause: error }); // prettier-ignore
  return error;
}

function nameOf({ ref, path }: WantedFile): string {
  return ref.split(/[?#]/)[0]!.endsWith(path) ? ref.split(/[?#]/)[0]! : `${path} of ${ref}`;
}
