import { EXTISM_MODULE } from '@llama-orch/policy-sdk/abi';
import { BlockArena } from './block-arena.js';
import { type Engine, type Guest, type GuestHost, LOG_LEVELS, REFUSED_CALLS } from './engine.js';

type ImportedFunction = (...parameters: (number | bigint)[]) => number | bigint;

/** WebAssembly as Node has it, with our own functions of the plug-in convention: no library in between. */
export class PlainEngine implements Engine {
  readonly name = 'plain';

  async open(module: WebAssembly.Module, host: GuestHost): Promise<Guest> {
    const arena = new BlockArena(host);
    const imports: Record<string, Record<string, unknown>> = { [EXTISM_MODULE]: conventionOf(arena, host) };
    for (const [name, functions] of Object.entries(host.imports)) {
      imports[name] = Object.fromEntries(
        Object.entries(functions).map(([member, run]) => [
          member,
          (...parameters: (number | bigint)[]) => run(arena, ...parameters),
        ]),
      );
    }
    return new PlainGuest(arena, new WebAssembly.Instance(module, imports).exports);
  }
}

class PlainGuest implements Guest {
  constructor(
    private readonly arena: BlockArena,
    readonly exports: Guest['exports'],
  ) {}

  async call(name: string, input: string): Promise<void> {
    const run = this.exports[name];
    if (typeof run !== 'function') throw new Error(`The module has no function ${name}.`);
    this.arena.begin(input);
    run();
  }

  async close(): Promise<void> {
    this.arena.begin('');
  }
}

function conventionOf(arena: BlockArena, host: GuestHost): Record<string, ImportedFunction> {
  return {
    ...Object.fromEntries(REFUSED_CALLS.map((name) => [name, refuse(name)])),
    ...Object.fromEntries(LOG_LEVELS.map((level) => [`log_${level}`, log(level)])),
    alloc: (size) => arena.allocate(Number(size)),
    free: (address) => arena.free(Number(address)),
    length: (address) => arena.lengthOf(Number(address)),
    load_u8: (address) => arena.loadByte(Number(address)),
    load_u64: (address) => arena.loadWord(Number(address)),
    store_u8: (address, value) => arena.storeByte(Number(address), value as number),
    store_u64: (address, value) => arena.storeWord(Number(address), value as bigint),
    input_length: () => arena.input.length,
    input_load_u8: (offset) => arena.input.byte(Number(offset)),
    input_load_u64: (offset) => arena.input.word(Number(offset)),
    output_set: (address, length) => {
      host.onOutput(arena.part(address as bigint, Number(length)));
      return 0;
    },
    error_set: (address) => {
      host.onError(arena.whole(address as bigint));
      return 0;
    },
    config_get: (address) => {
      const value = host.setting(new TextDecoder().decode(arena.whole(address as bigint)));
      return value === undefined ? 0n : arena.store(new TextEncoder().encode(value));
    },
  };

  function log(level: string): ImportedFunction {
    return (address) => {
      host.onLog(level, arena.whole(address as bigint));
      return 0;
    };
  }
}

function refuse(name: string): ImportedFunction {
  return () => {
    throw new Error(`The module called ${name}, which policies do not have.`);
  };
}
