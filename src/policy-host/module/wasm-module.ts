/** Value types as their byte. */
export const VALUE = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
} as const;

/** Kinds of imports and exports as their byte. */
export const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;

/** Ids of sections. */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

export interface FunctionType {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

export interface FunctionImport {
  readonly module: string;
  readonly name: string;
  /** Into the types. */
  readonly type: number;
}

export interface Export {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

/** Entries of a table, or pages of a memory. */
export interface Limits {
  readonly minimum: number;
  readonly maximum: number | undefined;
}

export interface Table extends Limits {
  readonly element: number;
}

export interface Global {
  readonly type: number;
  readonly isMutable: boolean;
}

/** From `from` up to and without `to`, in the bytes of the module. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Body extends Span {
  /** Into the types; -1 when there is no function for it. */
  readonly type: number;
  /** Where the instructions begin, behind the locals. */
  readonly code: number;
  readonly locals: number;
}

export interface CustomSection extends Span {
  readonly name: string;
}

/** A core module taken apart: what the lint and the meter need to know, and where the rest stands. */
export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly types: readonly FunctionType[];
  readonly imports: readonly FunctionImport[];
  /** Types of its own functions. */
  readonly functions: readonly number[];
  readonly tables: readonly Table[];
  readonly memories: readonly Limits[];
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly bodies: readonly Body[];
  readonly customs: readonly CustomSection[];
  /** Contents of all but custom sections, by id, behind their lengths. */
  readonly sections: ReadonlyMap<number, Span>;
  /** An imported function stands in an element segment, so that an indirect call may reach it. */
  readonly importsInTables: boolean;
}
