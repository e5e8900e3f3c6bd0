const MIB = 1024 * 1024;

/** Bounds of one policy. Sizes in bytes, fuel in units of about one instruction. */
export interface PolicyLimits {
  /** Fuel of one call. */
  readonly fuel: number;
  /** Fuel of instantiation, `describe`, `validate_config` and warm-up together. */
  readonly startFuel: number;
  /** Linear memory, in pages of 64 KiB. */
  readonly memoryPages: number;
  /** Host blocks of one call: their number, and their bytes together. */
  readonly blocks: number;
  readonly blockBytes: number;
  readonly logLines: number;
  readonly logBytes: number;
  readonly eventBytes: number;
  readonly decisionBytes: number;
}

/** Bounds of a module's text. */
export const MODULE_LIMITS = {
  bytes: 4 * MIB,
  /** Of one section, whatever it holds. */
  entries: 100_000,
  functions: 20_000,
  bodyBytes: MIB,
  globals: 10_000,
  locals: 1_000_000,
  /** Locals and values on the stack, summed over blocks: what a compiler notes down. About 30 ns each. */
  slots: 10_000_000,
  /** Tables are host memory that no page cap counts. */
  tables: 8,
  tableEntries: 65_536,
  /** Values that one instruction can move. */
  parameters: 64,
  results: 16,
} as const;

const COMMON = {
  startFuel: 200_000_000,
  blocks: 4_096,
  blockBytes: 4 * MIB,
  logLines: 64,
  logBytes: 8 * 1024,
  eventBytes: 256 * 1024,
  decisionBytes: 64 * 1024,
} as const;

export type PolicyLanguage = 'compiled' | 'javascript';

/** The defaults: an interpreter takes more of everything than compiled code. */
export const DEFAULT_LIMITS: Readonly<Record<PolicyLanguage, PolicyLimits>> = {
  compiled: { ...COMMON, fuel: 10_000_000, memoryPages: 64 },
  javascript: { ...COMMON, fuel: 50_000_000, memoryPages: 128 },
};
