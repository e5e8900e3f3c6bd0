import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readHostMemory } from './host-memory.js';
import { descendsFromDaemon } from './own-processes.js';

describe('Processes on a GPU', () => {
  it('are ours when the daemon, or a child of its children, started them', async () => {
    const code = `const child = require('child_process').spawn('sleep', ['30']); console.log(child.pid); process.on('SIGTERM', () => { child.kill(); process.exit(); });`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      expect([process.pid, child.pid!, Number(line.toString())].map(descendsFromDaemon)).toEqual([true, true, true]);
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  it('are not ours when others started them, or when there is no such process', () => {
    expect([1, process.ppid, 2 ** 30, 0, -1].map(descendsFromDaemon)).toEqual([false, false, false, false, false]);
  });
});

it('The memory of the host is at most what there is', () => {
  const { availableBytes, totalBytes } = readHostMemory();
  expect(availableBytes).toBeGreaterThan(0);
  expect(totalBytes).toBeGreaterThanOrEqual(availableBytes);
});
