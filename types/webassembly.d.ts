/** The part of the WebAssembly API of Node that is used here; TypeScript has it only among the types of browsers. */
declare namespace WebAssembly {
  type ExternKind = 'function' | 'global' | 'memory' | 'table' | 'tag';

  class Module {
    constructor(bytes: Uint8Array | ArrayBuffer);
    static exports(module: Module): { name: string; kind: ExternKind }[];
    static imports(module: Module): { module: string; name: string; kind: ExternKind }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, ExportValue>>;
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }

  class Global<Value extends number | bigint = number | bigint> {
    constructor(descriptor: { value: 'i32' | 'i64' | 'f32' | 'f64'; mutable?: boolean }, value?: Value);
    value: Value;
  }

  class Table {
    readonly length: number;
    get(index: number): unknown;
  }

  class RuntimeError extends Error {}
  class CompileError extends Error {}
  class LinkError extends Error {}

  type ExportedFunction = (...parameters: (number | bigint)[]) => number | bigint | undefined;
  type ExportValue = ExportedFunction | Memory | Global | Table;
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  function validate(bytes: Uint8Array | ArrayBuffer): boolean;
  function compile(bytes: Uint8Array | ArrayBuffer): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
