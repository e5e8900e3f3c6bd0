type Exports = Readonly<Record<string, WebAssembly.ExportValue>>;

const PAGE = 65_536;
/** What is looked at for zeros at once; most memories are stacks and heaps that nobody has used yet. */
const BLOCK = 4_096;

/** A part of a memory that is not zero. */
interface Run {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Memory and globals of an instance at one moment. */
export class Snapshot {
  private constructor(
    private readonly byteLength: number,
    private readonly runs: readonly Run[],
    private readonly globals: readonly (readonly [string, number | bigint])[],
  ) {}

  static of(exports: Exports, globalNames: readonly string[]): Snapshot {
    const memory = new Uint8Array(memoryOf(exports)?.buffer ?? new ArrayBuffer(0));
    const globals = globalNames.map((name) => [name, (exports[name] as WebAssembly.Global).value] as const);
    return new Snapshot(memory.byteLength, runsOf(memory), globals);
  }

  /** False when the memory grew since: that cannot be taken back. */
  fits(exports: Exports): boolean {
    return (memoryOf(exports)?.buffer.byteLength ?? 0) === this.byteLength;
  }

  /** Into the instance that it was taken of, or into a new one of the same module. */
  restore(exports: Exports): void {
    const memory = memoryOf(exports);
    if (memory !== undefined) this.restoreMemory(memory);
    for (const [name, value] of this.globals) (exports[name] as WebAssembly.Global).value = value;
  }

  private restoreMemory(memory: WebAssembly.Memory): void {
    const missing = this.byteLength - memory.buffer.byteLength;
    if (missing > 0) memory.grow(missing / PAGE);
    const target = new Uint8Array(memory.buffer);
    let done = 0;
    for (const { at, bytes } of this.runs) {
      target.fill(0, done, at);
      target.set(bytes, at);
      done = at + bytes.length;
    }
    target.fill(0, done);
  }
}

/** Neighbouring blocks that hold something, as one run each. */
function runsOf(memory: Uint8Array): Run[] {
  const runs: Run[] = [];
  let from: number | undefined;
  for (let at = 0; at <= memory.length; at += BLOCK) {
    const isUsed = memory.subarray(at, at + BLOCK).some((byte) => byte !== 0);
    if (isUsed) from ??= at;
    else if (from !== undefined) {
      runs.push({ at: from, bytes: memory.slice(from, at) });
      from = undefined;
    }
  }
  return runs;
}

function memoryOf(exports: Exports): WebAssembly.Memory | undefined {
  return exports['memory'] as WebAssembly.Memory | undefined;
}
