import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DAEMON = readFileSync(new URL('../../bin/llama-orch.mjs', import.meta.url), 'utf8');

/** Grows a memory to the cap and one page further, here and in a worker. */
const PROBE = `
  const probe = 'const m = new WebAssembly.Memory({ initial: 1 }); m.grow(1023); let more; try { m.grow(1); more = true } catch { more = false }';
  const { Worker } = require('node:worker_threads');
  const worker = new Worker(probe + "; require('node:worker_threads').parentPort.postMessage(more)", { eval: true });
  worker.on('message', (inWorker) => console.log(JSON.stringify([new Function(probe + '; return more')(), inWorker])));`;

describe('The daemon', () => {
  it('starts with a flag that bounds every WebAssembly memory of its process, workers included (OC-POLICY-4011)', async () => {
    const flag = '--wasm-max-mem-pages=1024';
    expect(DAEMON).toContain(`'${flag}'`);
    const { stdout } = await run(process.execPath, [flag, '-e', PROBE]);
    expect(JSON.parse(stdout)).toEqual([false, false]);
  });
});
