/** Memory outside the guest that both sides address, good until the call ends. */
export interface Blocks {
  /** The bytes of a block; undefined when there is none at the address. */
  read(address: bigint): Uint8Array | undefined;
  /** A new block with these bytes; the answer is its address. */
  store(bytes: Uint8Array<ArrayBuffer>): bigint;
}

/** A function that guests import. Throwing ends the call. */
export type HostFunction = (blocks: Blocks, ...parameters: (number | bigint)[]) => number | bigint;

export type HostImports = Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;

/** What a guest reaches of its host; each method may throw to end the call. */
export interface GuestHost {
  /** Functions by module and name, beside those of the plug-in convention. */
  readonly imports: HostImports;
  /** Before a block of so many bytes is made. */
  onBlock(bytes: number): void;
  onLog(level: string, text: Uint8Array): void;
  onOutput(bytes: Uint8Array): void;
  onError(text: Uint8Array): void;
  /** A setting as text, for `config_get`. */
  setting(name: string): string | undefined;
}

/** A module that runs, with its own memory. */
export interface Guest {
  readonly exports: Readonly<Record<string, WebAssembly.ExportValue>>;
  /** Runs an export that takes and gives nothing, after the blocks of the call before were dropped. Rejects with what ended it. */
  call(name: string, input: string): Promise<void>;
  close(): Promise<void>;
}

/** Runs modules by the Extism plug-in convention, in the thread that asks. */
export interface Engine {
  readonly name: string;
  /** Rejects with what the start of the module threw. */
  open(module: WebAssembly.Module, host: GuestHost): Promise<Guest>;
}

/** Log functions of the convention by the level that they stand for. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** State between calls, and the network: no engine offers them, whatever its library has. */
export const REFUSED_CALLS = ['http_request', 'http_status_code', 'http_headers', 'var_get', 'var_set'] as const;
