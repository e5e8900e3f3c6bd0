import { type Blocks, type GuestHost } from './engine.js';
import { Input } from './input.js';

/** Low addresses stay free: 0 means none, and small numbers are not mistaken for blocks. */
const FIRST_ADDRESS = 65_536;
const ALIGNMENT = 8;
const FIRST_BYTES = 16 * 1024;

/** Blocks of one call, one after the other in one buffer. An address outside of them is an error that ends the call. */
export class BlockArena implements Blocks {
  private readonly lengths = new Map<number, number>();
  private bytes = new Uint8Array(FIRST_BYTES);
  private view = new DataView(this.bytes.buffer);
  /** Of the call that goes on. */
  readonly input = new Input();
  private used = 0;

  constructor(private readonly host: Pick<GuestHost, 'onBlock'>) {}

  /** Drops all blocks and takes the input of the next call. */
  begin(input: string): void {
    this.bytes.fill(0, 0, this.used);
    this.used = 0;
    this.lengths.clear();
    this.input.begin(input);
  }

  allocate(size: number): bigint {
    this.host.onBlock(size);
    const at = this.used;
    this.makeRoom(at + size);
    // The gap behind each block gives blocks without bytes an address of their own.
    this.used = (Math.floor((at + size) / ALIGNMENT) + 1) * ALIGNMENT;
    this.lengths.set(at, size);
    return BigInt(FIRST_ADDRESS + at);
  }

  free(address: number): number {
    this.lengths.delete(address - FIRST_ADDRESS);
    return 0;
  }

  lengthOf(address: number): bigint {
    return BigInt(this.lengths.get(address - FIRST_ADDRESS) ?? 0);
  }

  loadByte(address: number): number {
    return this.view.getUint8(this.placeOf(address, 1));
  }

  loadWord(address: number): bigint {
    return this.view.getBigUint64(this.placeOf(address, 8), true);
  }

  storeByte(address: number, value: number): number {
    this.view.setUint8(this.placeOf(address, 1), value);
    return 0;
  }

  storeWord(address: number, value: bigint): number {
    this.view.setBigUint64(this.placeOf(address, 8), value, true);
    return 0;
  }

  read(address: bigint): Uint8Array | undefined {
    const at = Number(address) - FIRST_ADDRESS;
    const length = this.lengths.get(at);
    return length === undefined ? undefined : this.bytes.subarray(at, at + length);
  }

  store(bytes: Uint8Array): bigint {
    const address = this.allocate(bytes.length);
    this.bytes.set(bytes, Number(address) - FIRST_ADDRESS);
    return address;
  }

  whole(address: bigint): Uint8Array {
    const block = this.read(address);
    if (block === undefined) throw new Error('The module named a block that is not there.');
    return block;
  }

  part(address: bigint, length: number): Uint8Array {
    const block = this.whole(address);
    if (length < 0 || length > block.length) throw new Error('The module named more bytes than its block has.');
    return block.subarray(0, length);
  }

  private placeOf(address: number, size: number): number {
    const at = address - FIRST_ADDRESS;
    if (at < 0 || at + size > this.used) throw new Error('The module named an address outside of its blocks.');
    return at;
  }

  private makeRoom(size: number): void {
    if (size + ALIGNMENT <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(size + ALIGNMENT, this.bytes.length * 2));
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
