import { PolicyBuildError } from './build-error.js';

type HostImport = (...values: never[]) => bigint | number | undefined;

const decoder = new TextDecoder();

/** The host's side of the Extism convention, as far as asking a policy to describe itself needs it. */
export class BuildHost {
  private input = new DataView(new ArrayBuffer(0));
  private output = '';
  private error: string | undefined;
  private blocks: Uint8Array[] = [];

  /** What the module writes while `call` runs. @throws PolicyBuildError with what the policy threw */
  answer(input: string, call: () => void): string {
    this.input = new DataView(Uint8Array.from(new TextEncoder().encode(input)).buffer);
    this.output = '';
    this.error = undefined;
    this.blocks = [];
    call();
    const error = this.error as string | undefined;
    if (error !== undefined) throw new PolicyBuildError(`The policy cannot describe itself: ${error}`);
    return this.output;
  }

  /** Everything that the module imports; what building needs none of answers 0. */
  imports(module: WebAssembly.Module): WebAssembly.Imports {
    const known: Readonly<Record<string, HostImport>> = this.functions();
    const all: Record<string, Record<string, HostImport>> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      (all[from] ??= {})[name] = known[name] ?? (() => 0n);
    }
    return all;
  }

  private functions() {
    return {
      alloc: (length: bigint) => addressOf(this.blocks.push(new Uint8Array(Number(length)))),
      store_u8: (at: bigint, value: number) => void this.view(at).setUint8(offsetOf(at), value),
      store_u64: (at: bigint, value: bigint) =>
        void this.view(at).setBigUint64(offsetOf(at), BigInt.asUintN(64, value), true),
      input_length: () => BigInt(this.input.byteLength),
      input_load_u8: (at: bigint) => this.input.getUint8(Number(at)),
      input_load_u64: (at: bigint) => this.input.getBigUint64(Number(at), true),
      output_set: (at: bigint) => void (this.output = decoder.decode(this.view(at))),
      error_set: (at: bigint) => void (this.error = decoder.decode(this.view(at))),
    };
  }

  private view(at: bigint): DataView {
    const { buffer } = this.blocks[Number(at >> 32n) - 1] ?? new Uint8Array(0);
    return new DataView(buffer);
  }
}

/** Blocks are numbered from 1 in the upper half of their addresses. */
function addressOf(block: number): bigint {
  return BigInt(block) << 32n;
}

function offsetOf(at: bigint): number {
  return Number(at & 0xffff_ffffn);
}
