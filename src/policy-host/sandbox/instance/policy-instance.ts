import { type Json } from '@llama-orch/policy-sdk/abi';
import { begin } from '../../module/beginning.js';
import { type PreparedModule } from '../../module/prepared-module.js';
import { PolicyError } from '../../policy-error.js';
import { type Engine, type Guest } from '../engine/engine.js';
import { type CallContext } from '../host/call-context.js';
import { CallScope, type FuelTank, type LogLine } from '../host/call-scope.js';
import { type Failure } from '../policy-set.js';
import { causeOf, causeOfGuestError, type Remains } from './cause.js';
import { Snapshot } from './snapshot.js';

/** All of a prepared module that running it takes. */
export type RunnableModule = Omit<PreparedModule, 'bytes'>;

/** What became of one call of an export. */
export interface CallReport {
  readonly output: string | undefined;
  readonly failure: Failure | undefined;
  readonly fuel: number;
  readonly memoryBytes: number;
  readonly logs: readonly LogLine[];
  readonly hostResults: readonly Json[];
}

const PAGE = 65_536;
const FUEL = '__fuel';
const MEMORY = 'memory';
/** Exports that are called once, in this order: the start section, the runtime of the language, the policy's own. */
const STEPS = ['__start', '_initialize', 'warmup'];

/**
 * One module with a memory of its own, which begins each call as it stood after its start and its `warmup`. One call at a
 * time.
 */
export class PolicyInstance {
  private state: 'fresh' | 'used' | 'broken' = 'fresh';
  private snapshot: Snapshot | undefined;

  private constructor(
    private readonly module: RunnableModule,
    private readonly engine: Engine,
    private guest: Guest,
    private scope: CallScope,
  ) {}

  /** @throws PolicyError when the module does not start */
  static async open(module: RunnableModule, engine: Engine): Promise<PolicyInstance> {
    const [guest, scope] = await started(module, engine);
    const instance = new PolicyInstance(module, engine, guest, scope);
    if (!module.needsFreshInstance) instance.snapshot = Snapshot.of(guest.exports, module.savedGlobals);
    return instance;
  }

  /** Never rejects: what goes wrong is in the report. */
  async call(name: string, input: string, context: CallContext, fuel = this.module.limits.fuel): Promise<CallReport> {
    try {
      await this.refresh();
    } catch (error) {
      return unstarted(error);
    }
    this.state = 'used';
    this.scope.arm(context);
    tankOf(this.guest).value = BigInt(fuel);
    const failure = await this.ran(name, input);
    if (failure !== undefined) this.state = 'broken';
    return this.report(failure, fuel);
  }

  /** Puts the state of the start back. Done ahead of the next call where time is free, else by it. */
  async refresh(): Promise<void> {
    if (this.state === 'fresh') return;
    const keeps = this.state === 'used' && this.snapshot?.fits(this.guest.exports);
    if (!keeps) await this.replace();
    this.snapshot?.restore(this.guest.exports);
    this.state = 'fresh';
  }

  /** A new instance in the place of this one, with nothing of what earlier calls did to it. */
  renew(): Promise<void> {
    this.state = 'broken';
    return this.refresh();
  }

  close(): Promise<void> {
    return this.guest.close();
  }

  private async ran(name: string, input: string): Promise<Failure | undefined> {
    try {
      if (!this.module.exports.includes(name)) throw new Error(`The policy has no function ${name}.`);
      await this.guest.call(name, input);
    } catch (error) {
      return causeOf(error, this.remains());
    }
    const { guestError } = this.scope.trace();
    return guestError === undefined ? undefined : causeOfGuestError(guestError, this.remains());
  }

  /** What a trap leaves half done, and memory that grew, cannot be taken back. */
  private async replace(): Promise<void> {
    await this.guest.close();
    [this.guest, this.scope] = await started(this.module, this.engine, this.snapshot === undefined);
  }

  private report(failure: Failure | undefined, fuel: number): CallReport {
    const { output, guestError, logs, hostResults } = this.scope.trace();
    return {
      output: failure === undefined ? output : undefined,
      failure,
      fuel: Math.min(fuel, fuel - Number(tankOf(this.guest).value)),
      memoryBytes: memoryBytes(this.guest),
      logs: guestError === undefined ? logs : [...logs, { level: 'error', text: guestError }],
      hostResults,
    };
  }

  private remains(): Remains {
    return { fuel: tankOf(this.guest).value, isMemoryFull: isFull(this.guest, this.module) };
  }
}

/** An instance that has run its start, and its warm-up where no snapshot holds what these leave. */
async function started(module: RunnableModule, engine: Engine, takesSteps = true): Promise<[Guest, CallScope]> {
  const scope = new CallScope(module.limits, module.imports);
  scope.arm();
  const guest = await opened(module, engine, scope);
  scope.fuel = tankOf(guest);
  scope.linear = memoryOf(guest);
  for (const step of takesSteps ? STEPS : []) {
    if (typeof guest.exports[step] === 'function') await takeStep(step, guest, module);
  }
  return [guest, scope];
}

/** @throws PolicyError */
async function takeStep(step: string, guest: Guest, module: RunnableModule): Promise<void> {
  try {
    await guest.call(step, '');
  } catch (error) {
    const { code, message } = causeOf(error, { fuel: tankOf(guest).value, isMemoryFull: isFull(guest, module) });
    await guest.close();
    throw new PolicyError(code, `${step} of ${module.manifest.name} failed. ${message}`, { cause: error });
  }
}

async function opened(module: RunnableModule, engine: Engine, scope: CallScope): Promise<Guest> {
  try {
    const guest = await engine.open(module.module, scope);
    if (module.beginning !== undefined) begin(module.beginning, guest.exports);
    return guest;
  } catch (error) {
    const { code, message } = causeOf(error, { fuel: undefined, isMemoryFull: false });
    throw new PolicyError(code, `${module.manifest.name} did not start. ${message}`, { cause: error });
  }
}

function unstarted(error: unknown): CallReport {
  const failure: Failure =
    error instanceof PolicyError
      ? { code: error.code, message: error.message }
      : { code: 'POLICY_TRAP', message: 'It did not start.' };
  return { output: undefined, failure, fuel: 0, memoryBytes: 0, logs: [], hostResults: [] };
}

function tankOf(guest: Guest): FuelTank {
  return guest.exports[FUEL] as WebAssembly.Global<bigint>;
}

function memoryOf(guest: Guest): WebAssembly.Memory | undefined {
  return guest.exports[MEMORY] as WebAssembly.Memory | undefined;
}

function memoryBytes(guest: Guest): number {
  return memoryOf(guest)?.buffer.byteLength ?? 0;
}

function isFull(guest: Guest, { limits, memoryPages }: RunnableModule): boolean {
  const pages = memoryBytes(guest) / PAGE;
  return pages > memoryPages && pages >= limits.memoryPages;
}
