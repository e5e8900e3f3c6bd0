import { createPlugin } from '@extism/extism';
import { EXTISM_MODULE } from '@llama-orch/policy-sdk/abi';
import { type Blocks, type Engine, type Guest, type GuestHost, type HostFunction } from './engine.js';
import { LOG_LEVELS, REFUSED_CALLS } from './engine.js';
import { Input } from './input.js';

/** What is used of the library: the same in 1.0.3 and 2.0.0-rc13. */
export interface ExtismLibrary {
  createPlugin(manifest: ExtismManifest, options: ExtismOptions): Promise<ExtismPlugin>;
  /** Some of its host functions wait, which guests can do only when the library calls them. */
  readonly hasWaitingFunctions?: boolean;
}

interface ExtismManifest {
  wasm: { module: WebAssembly.Module; name: string }[];
}

interface ExtismOptions {
  config: Record<string, string>;
  functions: Record<string, Record<string, ExtismFunction>>;
  allowedHosts: string[];
  logger: Console;
}

type ExtismFunction = (context: ExtismContext, ...parameters: (number | bigint)[]) => number | bigint;

interface ExtismContext {
  alloc(size: bigint | number): bigint;
  read(address: bigint | number): { bytes(): Uint8Array } | null;
}

interface ExtismPlugin {
  call(name: string): Promise<unknown>;
  getInstance(name: string): Promise<WebAssembly.Instance>;
  reset(): Promise<boolean>;
  close(): Promise<void>;
}

/** What both versions call a manifest's only module. */
const MAIN = 'main';

/**
 * The Extism library, in the foreground. Of its host functions those that have no bounds, keep state or reach the network
 * are replaced by ours.
 */
export class ExtismEngine implements Engine {
  constructor(
    readonly name = 'extism',
    private readonly library: ExtismLibrary = { createPlugin },
  ) {}

  async open(module: WebAssembly.Module, host: GuestHost): Promise<Guest> {
    const input = new Input();
    const plugin = await this.library.createPlugin(
      { wasm: [{ module, name: MAIN }] },
      {
        config: Object.create(null) as Record<string, string>,
        functions: functionsOf(host, input),
        allowedHosts: [],
        logger: SILENT,
      },
    );
    const { exports } = await plugin.getInstance(MAIN);
    return new ExtismGuest(plugin, input, exports, this.library.hasWaitingFunctions === true);
  }
}

class ExtismGuest implements Guest {
  constructor(
    private readonly plugin: ExtismPlugin,
    private readonly input: Input,
    readonly exports: Guest['exports'],
    private readonly isCalledByLibrary: boolean,
  ) {}

  async call(name: string, input: string): Promise<void> {
    await this.plugin.reset();
    const run = this.exports[name];
    if (typeof run !== 'function') throw new Error(`The module has no function ${name}.`);
    this.input.begin(input);
    // The library's way of calling lists all exports each time, and adds input and output alone, which are ours.
    if (this.isCalledByLibrary) await this.plugin.call(name);
    else run();
  }

  close(): Promise<void> {
    return this.plugin.close();
  }
}

function functionsOf(host: GuestHost, input: Input): ExtismOptions['functions'] {
  const functions: ExtismOptions['functions'] = { [EXTISM_MODULE]: { ...conventionOf(host), ...readersOf(input) } };
  for (const [module, named] of Object.entries(host.imports)) {
    functions[module] = Object.fromEntries(Object.entries(named).map(([name, run]) => [name, withBlocks(run)]));
  }
  return functions;

  function withBlocks(run: HostFunction): ExtismFunction {
    return (context, ...parameters) => run(blocksOf(context, host), ...parameters);
  }
}

/**
 * A module reads its input word by word, a hundred calls for a small event: the library's take twice as long, and of a
 * Buffer as input it hands over the whole pool behind it.
 */
function readersOf(input: Input): Record<string, ExtismFunction> {
  return {
    input_length: () => input.length,
    input_load_u8: (_, offset) => input.byte(Number(offset)),
    input_load_u64: (_, offset) => input.word(Number(offset)),
  };
}

/** Our part of `extism:host/env`; the rest stays the library's. */
function conventionOf(host: GuestHost): Record<string, ExtismFunction> {
  return {
    ...Object.fromEntries(REFUSED_CALLS.map((name) => [name, refuse(name)])),
    ...Object.fromEntries(LOG_LEVELS.map((level) => [`log_${level}`, log(level)])),
    alloc: (context, size) => {
      host.onBlock(Number(size));
      return context.alloc(size);
    },
    output_set: (context, address, length) => {
      host.onOutput(part(context, address, Number(length)));
      return 0;
    },
    error_set: (context, address) => {
      host.onError(whole(context, address));
      return 0;
    },
    config_get: (context, address) => {
      const value = host.setting(textOf(whole(context, address)));
      return value === undefined ? 0n : blocksOf(context, host).store(new TextEncoder().encode(value));
    },
  };

  function log(level: string): ExtismFunction {
    return (context, address) => {
      host.onLog(level, whole(context, address));
      return 0;
    };
  }
}

function blocksOf(context: ExtismContext, host: GuestHost): Blocks {
  return {
    read: (address) => context.read(address)?.bytes(),
    store: (bytes) => {
      host.onBlock(bytes.length);
      const address = context.alloc(bytes.length);
      context.read(address)!.bytes().set(bytes);
      return address;
    },
  };
}

function whole(context: ExtismContext, address: number | bigint): Uint8Array {
  const block = context.read(address);
  if (block === null) throw new Error('The module named a block that is not there.');
  return block.bytes();
}

function part(context: ExtismContext, address: number | bigint, length: number): Uint8Array {
  const block = whole(context, address);
  if (length < 0 || length > block.length) throw new Error('The module named more bytes than its block has.');
  return block.subarray(0, length);
}

function refuse(name: string): ExtismFunction {
  return () => {
    throw new Error(`The module called ${name}, which policies do not have.`);
  };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The library writes to it what guests do wrong; that is answered by codes here. */
const SILENT = Object.freeze({
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
}) as unknown as Console;

function ignore(): void {
  return undefined;
}
