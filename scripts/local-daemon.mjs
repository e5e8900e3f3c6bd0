// A daemon of this checkout on a port of this machine, for the quickstart.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from './build-if-stale.mjs';

const HOST = '127.0.0.1';
const PORTS_TO_TRY = 50;
const POLL_MS = 50;
const COMMAND = join(ROOT, 'bin', 'llama-orch.mjs');

/** The first port from `first` on that nobody listens on. */
export async function freePort(first) {
  for (let port = first; port < first + PORTS_TO_TRY; port += 1) if (await isFree(port)) return port;
  throw new Error(`no port from ${first} to ${first + PORTS_TO_TRY - 1} is free`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

export class LocalDaemon {
  isStopping = false;

  constructor(port, config) {
    this.url = `http://${HOST}:${port}`;
    const args = [COMMAND, 'serve', '--config', config, '--bind', `${HOST}:${port}`, '--log', 'error'];
    // Its state is its own: the data folder of another daemon would be locked.
    const folder = mkdtempSync(join(tmpdir(), 'llama-orch-'));
    const env = { ...cleanEnvironment(), LLORCH_DATA_DIR: folder };
    this.child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 2, 2] });
    /** Settles when the process is gone, with what ended it. */
    this.ended = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`)).once('error', resolve);
    });
    void this.ended.then((reason) => {
      this.endedBy = reason;
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** Whether the process is gone although nobody told it to end. */
  get isLost() {
    return this.endedBy !== undefined && !this.isStopping;
  }

  /** Waits until every pool can serve. */
  async ready(withinMs) {
    const giveUpAt = Date.now() + withinMs;
    while (!(await this.poolsAreReady())) {
      if (this.isStopping) throw new Error('it was stopped before the model was ready');
      if (this.isLost) throw new Error('the daemon is gone');
      if (Date.now() > giveUpAt) throw new Error(`the model was not ready within ${withinMs / 1000} seconds`);
      await sleep(POLL_MS);
    }
  }

  /** Says that the daemon has been told to end by somebody else. */
  expectEnd() {
    this.isStopping = true;
  }

  /** Ends the daemon and waits until it is gone. Stopping twice is harmless. */
  async stop() {
    if (!this.isStopping && !this.isLost) this.child.kill('SIGTERM');
    this.isStopping = true;
    await this.ended;
  }

  async poolsAreReady() {
    const pools = await fetch(`${this.url}/v1/pools`).then(
      (answer) => (answer.ok ? answer.json() : undefined),
      () => undefined,
    );
    const failed = pools?.items.find((pool) => pool.state === 'failed');
    if (failed !== undefined)
      throw new Error(`pool ${failed.pool_id} failed: ${failed.last_error?.message ?? 'no reason given'}`);
    return pools?.items.length > 0 && pools.items.every((pool) => pool.ready);
  }
}

/**
 * Runs one command against the daemon and answers what it printed; with `echo` that is also shown as it comes.
 * What the command says beside it waits for the end once printing has begun, so that it cannot fall into a line.
 */
export function runCommand(daemon, args, { echo = false } = {}) {
  return new Promise((resolve, reject) => {
    const command = [COMMAND, '--url', daemon.url, ...args];
    const child = spawn(process.execPath, command, { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    void daemon.ended.then(() => child.kill());
    let printed = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
      if (echo) process.stdout.write(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (printed === '') process.stderr.write(text);
      else said += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      process.stderr.write(said);
      if (code === 0) resolve(printed);
      else reject(new Error(`${args[0]} failed, see above`));
    });
  });
}

/** Without settings of another llama-orch, which would lead elsewhere. */
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LLORCH_')));
}
