// Runs another program in place of this one: same terminal, same signals, same end. Built-ins only.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const PARENT_CHECK_MS = 500;
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Starts a program on this terminal and answers how it ended. Signals go on to it, except Ctrl-C on a terminal,
 * which reaches every program there by itself and must not arrive twice.
 * @returns {Promise<{ code: number | null, signal: string | null }>}
 */
export async function runChild(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  const watch = process.env.npm_lifecycle_event === undefined ? undefined : endWithParent(child);
  try {
    const [code, signal] = await once(child, 'exit');
    return { code, signal };
  } finally {
    clearInterval(watch);
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

/**
 * Tells the child to end once the parent of this process is gone. A shell between npm and a script dies of the signal
 * that npm passes on and does not pass it on itself; without this a `kill` of npm would leave the script running.
 */
function endWithParent(child) {
  const parent = process.ppid;
  return setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, PARENT_CHECK_MS);
}

/** Ends this process as the child ended: with its code, or by its signal. */
export function endLike({ code, signal }) {
  if (signal === null) process.exitCode = code === null ? 1 : code;
  else process.kill(process.pid, signal);
}
