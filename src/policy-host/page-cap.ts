/** Pages of 64 KiB that any WebAssembly memory of the daemon may grow to; each policy is bounded below that by itself. */
export const PAGE_CAP = 1_024;

/** The flag of Node that sets it, for all threads of the process. */
export const PAGE_CAP_FLAG = `--wasm-max-mem-pages=${PAGE_CAP}`;

export const PAGE_CAP_MISSING = `the memory of WebAssembly is not bounded for the whole process, so that policies are held by their own bounds alone; start the daemon with "llama-orch serve", or Node with ${PAGE_CAP_FLAG}`;

/** True when a memory cannot grow beyond the cap: launchers, and systems without `execve`, may leave the flag out. */
export function isPageCapSet(memory = new WebAssembly.Memory({ initial: 1 })): boolean {
  try {
    memory.grow(PAGE_CAP);
    return false;
  } catch {
    return true;
  }
}
