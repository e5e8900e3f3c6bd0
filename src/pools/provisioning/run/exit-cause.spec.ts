import { type Exit, exitError, exitReason, reasonIn } from './exit-cause.js';
import { lastWords, presentable } from './last-words.js';

function exit(more: Partial<Exit>): Exit {
  return { code: 1, signal: null, output: '', outOfHostMemory: false, ...more };
}

describe('why an engine ended', () => {
  it.each([
    [
      'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9000 MiB on device 0: cudaMalloc failed: out of memory',
      'vram_exhausted',
    ],
    ['llama_model_load: failed to allocate CUDA0 buffer', 'vram_exhausted'],
    ['CUDA error: out of memory\n  current device: 0', 'vram_exhausted'],
    ['torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB', 'vram_exhausted'],
    ['vk::Device::allocateMemory: ErrorOutOfDeviceMemory', 'vram_exhausted'],
    ['CUDA error: uncorrectable ECC error encountered', 'ecc_error'],
    ['NVRM: Xid (PCI:0000:01:00): 48, pid=77', 'ecc_error'],
    ['CUDA error: unspecified launch failure', 'driver_reset'],
    ['NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.', 'driver_reset'],
    ['Unable to determine the device handle for GPU: GPU is lost.', 'driver_reset'],
    ['CUDA_ERROR_ILLEGAL_ADDRESS', 'driver_reset'],
    ["terminate called after throwing an instance of 'std::bad_alloc'", 'host_memory_exhausted'],
    ['ggml_aligned_malloc: failed to allocate CPU buffer', 'host_memory_exhausted'],
    ['mmap failed: Cannot allocate memory', 'host_memory_exhausted'],
    ['error: unable to load model', undefined],
    ['the story of a lost cuda and its memory', undefined],
  ])('"%s" means %s (ORCH-3039, ORCH-3053)', (output, reason) => {
    expect(reasonIn(output)).toBe(reason);
  });

  it.each<[string, Partial<Exit>, string]>([
    [
      'a kill while the kernel killed for memory',
      { code: null, signal: 'SIGKILL', outOfHostMemory: true },
      'host_memory_exhausted',
    ],
    ['a kill by somebody', { code: null, signal: 'SIGKILL' }, 'engine_crashed'],
    ['an exit while the kernel killed another program', { outOfHostMemory: true }, 'engine_exited'],
    ['a crash', { code: null, signal: 'SIGSEGV' }, 'engine_crashed'],
    [
      'a crash after a CUDA error',
      { code: null, signal: 'SIGABRT', output: 'CUDA error: misaligned address' },
      'driver_reset',
    ],
  ])('%s is told apart (ORCH-3039)', (_what, how, reason) => {
    expect(exitReason(exit(how))).toBe(reason);
  });

  it('says which memory was short, and what the engine wrote (ORCH-3039, HME-032)', () => {
    const vram = exitError(exit({ output: 'cudaMalloc failed: out of memory' }), 'cudaMalloc failed: out of memory');
    expect(vram).toMatchObject({ code: 'out-of-memory', memory: 'vram', reason: 'vram_exhausted' });
    expect(vram.message).toBe(
      'The engine ended (exit code 1): the memory of its GPU did not suffice; it wrote: cudaMalloc failed: out of memory',
    );
    const host = exitError(exit({ code: null, signal: 'SIGKILL', outOfHostMemory: true }), undefined);
    expect(host).toMatchObject({ code: 'out-of-memory', memory: 'host' });
    expect(exitError(exit({ code: 3 }), undefined).message).toBe('The engine ended (exit code 3)');
  });
});

describe('last words', () => {
  it('are the last line that speaks of a failure, else the last (HME-032)', () => {
    expect(lastWords('loading\nerror: no such file\nbye\n\n')).toBe('error: no such file');
    expect(lastWords('one\ntwo\n')).toBe('two');
    expect(lastWords('\n \n')).toBeUndefined();
    expect(lastWords(`error ${'x'.repeat(500)}`)).toHaveLength(200);
  });

  it('hold no folder of the host and no byte that steers a terminal (HME-032)', () => {
    expect(presentable('\u001b[31merror\u001b[0m: /home/ann/models/a.gguf: \u0007bad')).toBe('error: a.gguf: bad');
  });
});
