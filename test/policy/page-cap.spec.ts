import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { isPageCapSet, PAGE_CAP_FLAG } from '../../src/policy-host/page-cap.js';
import { PolicyApp } from '../support/policy-app.js';
import { answering } from './modules.js';

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
    expect(DAEMON).toContain(`'${PAGE_CAP_FLAG}'`);
    const { stdout } = await run(process.execPath, [PAGE_CAP_FLAG, '-e', PROBE]);
    expect(JSON.parse(stdout)).toEqual([false, false]);
  });

  it('finds out whether the flag holds (OC-POLICY-4011)', async () => {
    expect(isPageCapSet(new WebAssembly.Memory({ initial: 1 }))).toBe(false);
    expect(isPageCapSet(new WebAssembly.Memory({ initial: 1, maximum: 1_024 }))).toBe(true);
  });

  it('says once at its start, naming the flag, when policies run without it (OC-POLICY-4011)', async () => {
    const rig = new PolicyApp();
    try {
      const path = rig.put('fine', await answering({ decision: 'allow' }, { name: 'fine' }));
      const { lines } = await rig.start([{ path }, { path, id: 'again' }]);
      expect(lines.filter(({ message }) => message?.includes(PAGE_CAP_FLAG))).toMatchObject([{ level: 'warn' }]);
    } finally {
      await rig.close();
    }
  });
});
