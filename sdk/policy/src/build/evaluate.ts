import { type Base } from './base.js';
import { PolicyBuildError } from './build-error.js';
import { BuildHost } from './build-host.js';
import { type Snapshot } from './snapshot.js';

/** Functions of QuickJS and of the glue that the build calls. Values of JavaScript are handles: addresses of boxes. */
type Exports = Readonly<Record<string, (...values: number[]) => number>> & {
  readonly memory: WebAssembly.Memory;
  readonly __stack_pointer: WebAssembly.Global<number>;
  readonly glue_state: WebAssembly.Global<number>;
};

/** Names that the glue understands: `a` and on for host functions, levels of the log, and what reads the event. */
const LETTERS = [...'abcdefghij', ...'0123', ...'ABC'];
/** Strips source and debug information: no text of the bundle, and so no path, is left in the module. */
const STRIP = (1 << 4) | (1 << 5);
/** Bytes. Each call begins with the memory of the snapshot, so an ordinary one ends before it needs any collecting. */
const GC_THRESHOLD = 2 * 1024 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One QuickJS with one policy in it, while it is built. */
export class BuildInstance {
  private readonly host = new BuildHost();
  private readonly exports: Exports;

  constructor(base: Base) {
    const instance = new WebAssembly.Instance(base.module, this.host.imports(base.module));
    this.exports = instance.exports as unknown as Exports;
    this.call('_initialize');
    if (this.call('qjs_init') !== 0)
      throw new PolicyBuildError('The JavaScript engine of policies could not be started.');
  }

  /** Bytecode of a script. @throws PolicyBuildError for one that does not compile */
  compile(script: string): Uint8Array {
    const [code, length] = this.place(encoder.encode(script));
    const [name] = this.place(encoder.encode('policy.js'));
    const [size] = this.place(new Uint8Array(4));
    const bytecode = this.call('qjs_compile', code, length, name, 0, STRIP, size);
    if (bytecode === 0) throw new PolicyBuildError(`The bundle does not compile: ${this.exception()}`);
    const bytes = new DataView(this.exports.memory.buffer).getUint32(size, true);
    return new Uint8Array(this.exports.memory.buffer).slice(bytecode, bytecode + bytes);
  }

  /** Runs the bytecode of a policy, and has the glue remember what it left behind to be called. */
  run(bytecode: Uint8Array): void {
    this.linkGlue();
    const [code, length] = this.place(bytecode);
    const result = this.call('qjs_eval_bytecode', code, length);
    this.drop(code, length);
    if (this.call('qjs_is_exception', result) !== 0) {
      throw new PolicyBuildError(`The policy cannot be evaluated: ${this.exception()}`);
    }
    this.call('qjs_free_value', result);
    this.call('glue_init', this.member('__evaluate'));
  }

  /** Calls an export by the convention of the host. @throws PolicyBuildError with what the policy threw */
  ask(name: string, input: string): string {
    return this.host.answer(input, () => this.call(name));
  }

  /** Where it stands now. */
  snapshot(): Pick<Snapshot, 'memory' | 'globals'> {
    this.call('qjs_run_gc');
    this.call('qjs_set_gc_threshold', GC_THRESHOLD);
    const { memory, __stack_pointer, glue_state } = this.exports;
    const globals = new Map([
      ['__stack_pointer', __stack_pointer.value],
      ['glue_state', glue_state.value],
    ]);
    const copy = new Uint8Array(memory.buffer.slice(0));
    // The stack is at the bottom and grows down: below its pointer lies what earlier calls left behind.
    copy.fill(0, 0, __stack_pointer.value);
    return { memory: copy, globals };
  }

  /** Functions of the glue, under names that the guest takes and removes. */
  private linkGlue(): void {
    const global = this.call('qjs_get_global');
    for (const letter of LETTERS) {
      const [name, length] = this.place(encoder.encode(letter));
      const [place, placeLength] = this.place(encoder.encode(`__${letter}`));
      this.call('qjs_set_prop_string', global, place, this.call('qjs_new_host_function', name, length, 0));
      this.drop(name, length);
      this.drop(place, placeLength);
    }
  }

  private member(name: string): number {
    const [at, length] = this.place(encoder.encode(name));
    const value = this.call('qjs_get_prop_string', this.call('qjs_get_global'), at);
    this.drop(at, length);
    return value;
  }

  private exception(): string {
    const text = this.call('qjs_get_string', this.call('qjs_get_exception'));
    const bytes = new Uint8Array(this.exports.memory.buffer);
    return decoder.decode(bytes.slice(text, bytes.indexOf(0, text)));
  }

  private place(bytes: Uint8Array): [at: number, length: number] {
    const at = this.call('wasm_malloc', bytes.length + 1);
    const memory = new Uint8Array(this.exports.memory.buffer);
    memory.set(bytes, at);
    memory[at + bytes.length] = 0;
    return [at, bytes.length];
  }

  /** Overwritten first, so that nothing of it gets into the module. */
  private drop(at: number, length: number): void {
    new Uint8Array(this.exports.memory.buffer).fill(0, at, at + length);
    this.call('wasm_free', at);
  }

  private call(name: string, ...values: number[]): number {
    const run = this.exports[name];
    if (run === undefined) throw new PolicyBuildError(`The base of TypeScript policies lacks ${name}.`);
    return run(...values);
  }
}
