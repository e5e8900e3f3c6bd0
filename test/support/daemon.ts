import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

const COMMAND = fileURLToPath(new URL('../../bin/llama-orch.mjs', import.meta.url));

const opened: Daemon[] = [];
// A test that fails half-way leaves no process behind.
afterAll(() => Promise.all(opened.map((daemon) => daemon.kill())));

/** The daemon as its users run it: a process of its own, on a free port of loopback. */
export class Daemon {
  private stdout = '';
  private readonly gone: Promise<number | null>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.gone = once(child, 'close').then(([code]) => code as number | null);
  }

  /** Runs `llama-orch serve` with this configuration, or the file at this path, until it listens. Needs a build. */
  static async start(config: object | string, env: Readonly<Record<string, string>> = {}): Promise<Daemon> {
    const daemon = Daemon.spawn(config, env);
    await eventually(() => expect(daemon.stdout).toContain('listening on'));
    return daemon;
  }

  /** The same without waiting: it may be a daemon that does not start. */
  static spawn(config: object | string, env: Readonly<Record<string, string>> = {}): Daemon {
    const folder = mkdtempSync(join(tmpdir(), 'llama-orch-'));
    const file = typeof config === 'string' ? config : join(folder, 'llama-orch.yaml');
    if (typeof config !== 'string') writeFileSync(file, JSON.stringify(config));
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [COMMAND, 'serve', '--config', file, '--bind', '127.0.0.1:0'], {
      ...{ cwd: folder, env: { PATH, HOME: folder, ...env } },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const daemon = new Daemon(child, folder);
    opened.push(daemon);
    return daemon;
  }

  get url(): string {
    return String(this.lines.find((line) => 'url' in line)?.['url']);
  }

  /** The log so far; every line has to be JSON. */
  get lines(): readonly Record<string, unknown>[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get pid(): number {
    return this.child.pid!;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** The exit code, once the process is gone and its output is read. */
  exit(): Promise<number | null> {
    return this.gone;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
