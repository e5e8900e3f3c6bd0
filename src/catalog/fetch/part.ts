import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { writeDocument } from './durable.js';
import { bootId, NOTHING_YET, type PartState, readPartState } from './part-state.js';

/** What the far side says of a file, by which it is recognised later. */
export type Validators = Pick<PartState, 'etag' | 'lastModified' | 'total'>;

/** How far an answer from the beginning was compared with what is here already. */
interface Comparison {
  readonly hash: Hash;
  readonly validators: Validators;
  at: number;
}

/** Where a part is kept, and what beside it. */
export interface PartPlace {
  readonly file: string;
  readonly state: string;
}

const PAGE_BYTES = 1024 * 1024;
const OWNER_FILE = 0o600;
const CREATE_OR_OPEN = 'a+';

/**
 * A file on its way here. Hash states cannot be stored, so what is there is hashed again when it is gone on with: disks
 * are faster than lines, and no byte is fetched twice. The digests at checkpoints tell how far it can be believed after a
 * loss of power.
 */
export class Part {
  private hash: Hash = createHash('sha256');
  private held = 0;
  private compared: Comparison | undefined;

  private constructor(
    private readonly place: PartPlace,
    private readonly handle: FileHandle,
    private state: PartState,
    private readonly checkpointBytes: number,
  ) {}

  static async open(place: PartPlace, checkpointBytes: number, signal: AbortSignal): Promise<Part> {
    // Opened without truncation, and made when it is not there.
    await (await open(place.file, CREATE_OR_OPEN, OWNER_FILE)).close();
    const part = new Part(place, await open(place.file, 'r+'), await readPartState(place.state), checkpointBytes);
    try {
      await part.hashAgain(signal);
      return part;
    } catch (error) {
      await part.handle.close();
      throw error;
    }
  }

  /** Bytes that are here for good. */
  get bytes(): number {
    return this.held;
  }

  /** Where the answer that comes right now is. */
  get position(): number {
    return this.compared?.at ?? this.held;
  }

  get validators(): Validators {
    return this.state;
  }

  get digest(): string {
    return `sha256:${this.hash.copy().digest('hex')}`;
  }

  /** An answer that goes on where this ends follows. */
  async goOn(validators: Validators): Promise<void> {
    this.compared = undefined;
    await this.describe(validators);
  }

  /** An answer from the first byte on follows: what equals the bytes here stays as it is. */
  async fromTheStart(validators: Validators): Promise<void> {
    this.compared = { hash: createHash('sha256'), validators, at: 0 };
    if (this.held === 0) await this.goOn(validators);
  }

  /** The next bytes of an answer. Answers how many of them are new. */
  async take(bytes: Uint8Array): Promise<number> {
    const fresh = this.compared === undefined ? bytes : await this.compare(bytes, this.compared);
    const before = this.held;
    for (let at = 0; at < fresh.length;) {
      const room = this.checkpointBytes - (this.held % this.checkpointBytes);
      const slice = fresh.subarray(at, at + room);
      await this.append(slice);
      at += slice.length;
    }
    return this.held - before;
  }

  /** The answer was whole: what is here beyond it belongs to another file. */
  async endHere(): Promise<void> {
    if (this.compared === undefined) return;
    await this.goBackTo(this.compared.at, this.compared.hash);
    await this.goOn(this.compared.validators);
  }

  /** Makes what is here safe, so that a later fetch goes on from it. */
  async pause(): Promise<void> {
    try {
      await this.handle.truncate(this.held);
      await this.checkpoint();
    } finally {
      await this.handle.close();
    }
  }

  /** All is here: makes it safe and closes it. */
  async finish(): Promise<void> {
    await this.handle.truncate(this.held);
    await this.handle.sync();
    await this.handle.close();
  }

  /** Closes it without a word about how far it came; what is written stays. */
  async abandon(): Promise<void> {
    await this.handle.close();
  }

  private async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, this.held + done);
      done += bytesWritten;
    }
    this.hash.update(bytes);
    this.held += bytes.length;
    if (this.held % this.checkpointBytes === 0) await this.checkpoint();
  }

  /** What is left of the bytes once they are beyond what is here, or differ from it. */
  private async compare(bytes: Uint8Array, compared: Comparison): Promise<Uint8Array> {
    const known = bytes.subarray(0, this.held - compared.at);
    const here = await this.read(compared.at, known.length);
    const isSame = here.equals(known);
    if (isSame) {
      compared.hash.update(known);
      compared.at += known.length;
      if (compared.at < this.held) return bytes.subarray(known.length);
    } else await this.goBackTo(compared.at, compared.hash);
    // Only now: until here, what is on the disk is the file that was described before.
    await this.goOn(compared.validators);
    return isSame ? bytes.subarray(known.length) : bytes;
  }

  private async goBackTo(bytes: number, hash: Hash): Promise<void> {
    await this.handle.truncate(bytes);
    this.held = bytes;
    this.hash = hash;
    this.state = { ...this.state, checkpoints: this.state.checkpoints.filter((one) => one.bytes <= bytes) };
  }

  /** Written down before the first byte that it is about. */
  private async describe({ etag, lastModified, total }: Validators): Promise<void> {
    const { state } = this;
    const isKnown = state.etag === etag && state.lastModified === lastModified && state.total === total;
    if (isKnown && state.bootId !== null) return;
    this.state = { ...state, etag, lastModified, total };
    await this.save();
  }

  private async checkpoint(): Promise<void> {
    await this.handle.sync();
    const sha256 = this.hash.copy().digest('hex');
    const before = this.state.checkpoints.filter(({ bytes }) => bytes < this.held);
    this.state = { ...this.state, checkpoints: [...before, { bytes: this.held, sha256 }] };
    await this.save();
  }

  private async save(): Promise<void> {
    this.state = { ...this.state, bootId: await bootId() };
    await writeDocument(this.place.state, this.state);
  }

  private async hashAgain(signal: AbortSignal): Promise<void> {
    const { size } = await this.handle.stat();
    const checkpoints = this.state.checkpoints.filter(({ bytes }) => bytes > 0 && bytes <= size);
    let safe = { bytes: 0, hash: this.hash.copy() };
    for (const { bytes, sha256 } of checkpoints) {
      await this.hashUntil(bytes, signal);
      if (this.hash.copy().digest('hex') !== sha256) return this.keep(safe);
      safe = { bytes, hash: this.hash.copy() };
    }
    const isSameStart = this.state.bootId !== null && this.state.bootId === (await bootId());
    if (!isSameStart) return this.keep(safe);
    await this.hashUntil(size, signal);
  }

  private async keep({ bytes, hash }: { readonly bytes: number; readonly hash: Hash }): Promise<void> {
    await this.goBackTo(bytes, hash);
    if (bytes === 0) this.state = NOTHING_YET;
  }

  private async hashUntil(end: number, signal: AbortSignal): Promise<void> {
    while (this.held < end) {
      signal.throwIfAborted();
      const bytes = await this.read(this.held, Math.min(PAGE_BYTES, end - this.held));
      if (bytes.length === 0) return;
      this.hash.update(bytes);
      this.held += bytes.length;
    }
  }

  private async read(at: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.handle.read(Buffer.allocUnsafe(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
  }
}
