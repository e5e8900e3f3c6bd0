import { EngineError, type EngineErrorCode } from '@llama-orch/plugin-sdk';

/** How a process ended, and what was seen around it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote. */
  readonly output: string;
  /** The kernel killed for want of memory while it ran. */
  readonly outOfHostMemory: boolean;
}

/** Words for logs and metrics; the first four are told apart everywhere. */
export type ExitReason =
  'driver_reset' | 'ecc_error' | 'vram_exhausted' | 'host_memory_exhausted' | 'engine_exited' | 'engine_crashed';

interface Cause {
  readonly code: EngineErrorCode;
  readonly memory?: 'vram' | 'host';
  readonly said: string;
}

const CAUSES: Readonly<Record<Exclude<ExitReason, 'engine_exited' | 'engine_crashed'>, Cause>> = {
  ecc_error: { code: 'reset', said: 'its GPU reported an uncorrectable memory error (ECC)' },
  vram_exhausted: { code: 'out-of-memory', memory: 'vram', said: 'the memory of its GPU did not suffice' },
  driver_reset: { code: 'reset', said: 'its GPU or the driver failed' },
  host_memory_exhausted: { code: 'out-of-memory', memory: 'host', said: 'the memory of the machine did not suffice' },
};

/** In this order: memory errors are reported as CUDA errors too. */
const PATTERNS: readonly (readonly [reason: keyof typeof CAUSES, pattern: RegExp])[] = [
  ['ecc_error', /uncorrectable ecc|ecc[ _-]?(?:error )?uncorrectable|\bxid\b[^\n]{0,80}: ?(?:48|63|64|94|95)\b/i],
  [
    'vram_exhausted',
    /cuda[^\n]{0,80}out of memory|cudaMalloc[^\n]{0,40}failed|failed to allocate (?:CUDA|ROCm|Vulkan)\w* |CUBLAS_STATUS_ALLOC_FAILED|OutOfDeviceMemory|OutOfMemoryError: CUDA|VK_ERROR_OUT_OF_DEVICE_MEMORY/i,
  ],
  [
    'driver_reset',
    /GPU is lost|fallen off the bus|\bXid\b|CUDA error|CUDA driver (?:error|version)|CUDA_ERROR_|cudaError\w+|GPU (?:has been )?reset/i,
  ],
  [
    'host_memory_exhausted',
    /std::bad_alloc|cannot allocate memory|failed to allocate (?:CPU|host)\w* |\bMemoryError\b|\bENOMEM\b|Out of memory: Killed process/i,
  ],
];

/** What a text that an engine or the kernel wrote says of devices and memory; undefined when nothing. */
export function reasonIn(text: string): keyof typeof CAUSES | undefined {
  return PATTERNS.find(([, pattern]) => pattern.test(text))?.[0];
}

/** Why an engine ended that should have gone on. */
export function exitReason({ signal, output, outOfHostMemory }: Exit): ExitReason {
  if (signal === 'SIGKILL' && outOfHostMemory) return 'host_memory_exhausted';
  return reasonIn(output) ?? (signal === null ? 'engine_exited' : 'engine_crashed');
}

/** @param detail a line of the engine that may be shown to everybody; undefined when there is none */
export function exitError(exit: Exit, detail: string | undefined): EngineError {
  const reason = exitReason(exit);
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  const cause = reason === 'engine_exited' || reason === 'engine_crashed' ? undefined : CAUSES[reason];
  const why = cause === undefined ? '' : `: ${cause.said}`;
  const words = detail === undefined ? '' : `; it wrote: ${detail}`;
  const details = { reason, ...(cause?.memory === undefined ? {} : { memory: cause.memory }) };
  return new EngineError(cause?.code ?? 'reset', `The engine ended (${how})${why}${words}`, details);
}
