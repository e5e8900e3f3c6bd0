import { CODE, NvmlError } from './codes.js';
import { DriverLine, type StartCall } from './driver-line.js';
import { type FunctionName, REQUIRED, SIGNATURES } from './signatures.js';

type Argument = number | bigint | ArrayBufferView;
interface NativeFunction {
  async(...argumentsAndDone: unknown[]): void;
}

/** The loaded library of the driver. Every call runs in another thread and yields to the signal. */
export class NvmlLibrary {
  private readonly line = new DriverLine();
  /** NVML counts them: it lets go of the driver when each was followed by a shutdown. */
  private initialisations = 0;
  private closing: Promise<void> | undefined;

  private constructor(private readonly functions: ReadonlyMap<FunctionName, NativeFunction>) {}

  /** @throws Error when the library is not there, or is another one */
  static async load(library: string): Promise<NvmlLibrary> {
    // Loaded with the first probe: a machine without GPUs never touches native code.
    const { default: koffi } = await import('koffi');
    const handle = openLibrary(() => koffi.load(library));
    const functions = new Map<FunctionName, NativeFunction>();
    for (const [name, parameters] of Object.entries(SIGNATURES)) {
      const found = findFunction(() => handle.func(name, 'int', [...parameters]) as NativeFunction);
      if (found) functions.set(name as FunctionName, found);
    }
    const missing = REQUIRED.filter((name) => !functions.has(name));
    if (missing.length === 0) return new NvmlLibrary(functions);
    throw new Error(`the library offers no ${missing[0]}; set \`library\` to the NVML of the NVIDIA driver`);
  }

  has(name: FunctionName): boolean {
    return this.functions.has(name);
  }

  /** Begins anew: what was handed out before is void. @throws NvmlError when the driver does not answer */
  async initialise(signal: AbortSignal): Promise<void> {
    while (this.initialisations > 0) await this.ask('nvmlShutdown', [], signal);
    await this.demand('nvmlInit_v2', [], signal);
  }

  /** The return code; what the library lacks is answered as NVML itself would. */
  async ask(name: FunctionName, args: readonly Argument[], signal: AbortSignal): Promise<number> {
    if (!this.has(name)) return CODE.functionNotFound;
    return this.line.call(name, (done) => this.start(name, args, done), signal);
  }

  /** @throws NvmlError for every code but success */
  async demand(name: FunctionName, args: readonly Argument[], signal: AbortSignal): Promise<void> {
    const code = await this.ask(name, args, signal);
    if (code !== CODE.success) throw new NvmlError(name, code);
  }

  /** Shuts NVML down once no call runs any more; resolves at once when one does, for it may hang. */
  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      if (this.line.isBusy) resolve();
      this.line.end(() => this.shutDown(resolve));
    });
    return this.closing;
  }

  private start(name: FunctionName, args: readonly Argument[], done: Parameters<StartCall>[0]): void {
    this.functions.get(name)?.async(...args, (error: unknown, code: number) => {
      // Counted here and not where it is awaited: an initialisation that was given up may still succeed.
      if (name === 'nvmlInit_v2' && code === CODE.success) this.initialisations++;
      if (name === 'nvmlShutdown') this.initialisations = code === CODE.success ? this.initialisations - 1 : 0;
      done(error, code);
    });
  }

  private shutDown(done: () => void): void {
    if (this.initialisations === 0) done();
    else this.start('nvmlShutdown', [], () => this.shutDown(done));
  }
}

function openLibrary<Handle>(load: () => Handle): Handle {
  try {
    return load();
  } catch (error) {
    // The loader's own words name paths of the host, so they go no further than the cause.
    const advice = 'install the NVIDIA driver, or set `library` to its NVML';
    throw new Error(`the NVML library could not be loaded; ${advice}`, { cause: error });
  }
}

/** Undefined where an older library does not have it yet. */
function findFunction(bind: () => NativeFunction): NativeFunction | undefined {
  try {
    return bind();
  } catch {
    return undefined;
  }
}
