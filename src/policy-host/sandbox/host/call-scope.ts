import { type Json, HOST_MODULE } from '@llama-orch/policy-sdk/abi';
import { SeededRandom } from '../../../kernel/random.js';
import { type PolicyLimits } from '../../limits.js';
import { type Blocks, type GuestHost, type HostFunction, type HostImports, LOG_LEVELS } from '../engine/engine.js';
import { type CallContext } from './call-context.js';
import { NO_RULES } from './findings.js';
import { GuestFault } from './guest-fault.js';
import { HOST_FUNCTIONS, type HostAnswer, type HostFunctionSpec } from './host-functions.js';
import { WASI_MODULE, wasiFunctions, type WasiHost } from './wasi.js';

export interface LogLine {
  readonly level: string;
  readonly text: string;
}

/** What a guest left behind in one call. */
export interface CallTrace {
  readonly output: string | undefined;
  readonly guestError: string | undefined;
  readonly logs: readonly LogLine[];
  readonly hostResults: readonly Json[];
}

/** Where the fuel of an instance is; undefined while it starts. */
export interface FuelTank {
  value: bigint;
}

const NOBODY: CallContext = {
  config: {},
  bodies: new Map(),
  counters: {},
  now: 0,
  seed: '',
  tenant: '',
  rules: NO_RULES,
};
const NAMED_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const LONGEST_GUEST_ERROR = 2_000;

/** The host of one instance: counts what its calls take, and keeps what they leave. Armed anew for each call. */
export class CallScope implements GuestHost, WasiHost {
  readonly imports: HostImports;
  fuel: FuelTank | undefined;
  linear: WebAssembly.Memory | undefined;

  private context = NOBODY;
  private blocks = 0;
  private blockBytes = 0;
  private logBytes = 0;
  private logs: LogLine[] = [];
  private hostResults: Json[] = [];
  private output: string | undefined;
  private guestError: string | undefined;
  private randomSource: SeededRandom | undefined;

  constructor(
    private readonly limits: PolicyLimits,
    imported: readonly { readonly module: string; readonly name: string }[],
  ) {
    this.imports = {
      [HOST_MODULE]: this.hostFunctions(),
      [WASI_MODULE]: wasiFunctions(
        this,
        imported.filter(({ module }) => module === WASI_MODULE).map(({ name }) => name),
      ),
    };
  }

  /** Forgets the call before. */
  arm(context: CallContext = NOBODY): void {
    this.context = context;
    this.blocks = 0;
    this.blockBytes = 0;
    this.logBytes = 0;
    this.logs = [];
    this.hostResults = [];
    this.output = undefined;
    this.guestError = undefined;
    this.randomSource = undefined;
  }

  trace(): CallTrace {
    const { output, guestError, logs, hostResults } = this;
    return { output, guestError, logs, hostResults };
  }

  onBlock(bytes: number): void {
    this.blocks += 1;
    this.blockBytes += bytes;
    const { blocks, blockBytes } = this.limits;
    if (bytes >= 0 && this.blocks <= blocks && this.blockBytes <= blockBytes) return;
    throw new GuestFault('POLICY_MEMORY', `It asked for more than ${blocks} blocks or ${blockBytes} bytes of them.`);
  }

  onLog(level: string, text: Uint8Array): void {
    this.spend(text.length);
    const room = Math.min(text.length, this.limits.logBytes - this.logBytes);
    if (room < text.length) this.logBytes = this.limits.logBytes;
    if (room <= 0 || this.logs.length >= this.limits.logLines) return;
    this.logBytes += room < text.length ? 0 : room;
    this.logs.push({ level, text: decode(text.subarray(0, room)) });
  }

  onOutput(bytes: Uint8Array): void {
    const most = this.limits.decisionBytes;
    if (bytes.length > most) throw new GuestFault('POLICY_BAD_OUTPUT', `Its answer has more than ${most} bytes.`);
    this.output = decode(bytes);
  }

  onError(text: Uint8Array): void {
    this.guestError = decode(text.subarray(0, LONGEST_GUEST_ERROR));
  }

  setting(name: string): string | undefined {
    const { config } = this.context;
    if (!Object.hasOwn(config, name)) return undefined;
    const value = config[name];
    return typeof value === 'string' ? value : JSON.stringify(value);
  }

  memory(): DataView | undefined {
    return this.linear && new DataView(this.linear.buffer);
  }

  now(): number {
    return this.context.now;
  }

  random(): SeededRandom {
    return (this.randomSource ??= new SeededRandom(seedOf(this.context.seed)));
  }

  private hostFunctions(): Record<string, HostFunction> {
    const answering = Object.entries(HOST_FUNCTIONS).map(([name, spec]) => [name, this.answering(name, spec)] as const);
    return { ...Object.fromEntries(answering), log: (blocks, level, text) => this.log(blocks, level, text) };
  }

  private answering(name: string, spec: HostFunctionSpec): HostFunction {
    return (blocks, ...parameters) => {
      const values = spec.parameters.map((kind, at) => valueOf(kind, parameters[at] ?? 0n, blocks));
      const answer = this.recorded(name) ?? spec.answer(this.context, ...(values as never[]));
      this.hostResults.push([name, answer.fuel, answer.value]);
      this.spend(answer.fuel);
      return handedOver(answer, blocks);
    };
  }

  /** The next recorded answer; undefined when this is no replay. */
  private recorded(name: string): HostAnswer | undefined {
    const { replay } = this.context;
    if (replay === undefined) return undefined;
    const next = replay[this.hostResults.length];
    if (!Array.isArray(next) || next[0] !== name) {
      throw new GuestFault(
        'POLICY_TRAP',
        `It called ${name} where the record has another call: the replay went astray.`,
      );
    }
    const [, fuel, value] = next as [string, number, Json];
    return { value, fuel, ...(name === 'body_read' && { isBytes: true as const }) };
  }

  private log(blocks: Blocks, level: number | bigint, text: number | bigint): bigint {
    this.onLog(levelOf(level, blocks), blocks.read(BigInt(text)) ?? new Uint8Array());
    return 0n;
  }

  spend(amount: number): void {
    if (this.fuel === undefined) return;
    this.fuel.value -= BigInt(Math.ceil(amount));
    if (this.fuel.value < 0n) throw new GuestFault('POLICY_FUEL', 'It used up its fuel.');
  }
}

function valueOf(kind: 'text' | 'number', parameter: number | bigint, blocks: Blocks): string | number {
  if (kind === 'number') return Number(parameter);
  const block = blocks.read(BigInt(parameter));
  if (block === undefined) throw new Error('The module named a block that is not there.');
  return decode(block);
}

function handedOver({ value, isBytes }: HostAnswer, blocks: Blocks): bigint {
  if (value === null) return 0n;
  if (typeof value === 'number') return BigInt(value);
  if (isBytes) return blocks.store(Uint8Array.from(Buffer.from(value as string, 'base64')));
  return blocks.store(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)));
}

/** By number, or by name in a block. */
function levelOf(level: number | bigint, blocks: Blocks): string {
  const named = NAMED_LEVELS[Number(level)];
  if (named !== undefined) return named;
  const text = decode(blocks.read(BigInt(level)) ?? new Uint8Array());
  return LOG_LEVELS.find((known) => known === text) ?? 'info';
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** FNV-1a. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
