import { readFileSync } from 'node:fs';

/**
 * How often the kernel has killed for want of memory: in the control group of this process, which engines share, else on
 * the whole machine. Undefined where that cannot be known.
 */
export function oomKills(): number | undefined {
  const group = /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1];
  const ofGroup = group === undefined ? undefined : counter(read(`/sys/fs/cgroup${group}/memory.events`));
  return ofGroup ?? counter(read('/proc/vmstat'));
}

function counter(text: string): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
