import { dirname } from 'node:path';
import { type App, startApp } from './app.js';
import { type Config, type ConfigFlags, type ConfigMode, type LoadedConfig, loadConfig } from './config/index.js';
import { SOFTWARE_VERSION } from './kernel/version.js';
import { JsonLogger, type Logger } from './observability/logger.js';
import { killEngines } from './pools/provisioning/run/engine-process.js';
import { StoreError, type StoreFault } from './persistence/store-error.js';
import { redactorOf, warnOfShortSecrets } from './secrets.js';

export interface ServeFlags extends ConfigFlags {
  readonly configMode: ConfigMode;
}

const EXIT = { ok: 0, failure: 1, unavailable: 69, config: 78 } as const;
/** Where the data folder stands in the way. */
const STORE_EXIT: Readonly<Record<StoreFault, number>> = {
  damaged: 65,
  'too-new': 65,
  locked: 73,
  unusable: EXIT.config,
};
const FLUSH_MS = 1_000;
const SECOND_SIGNAL_MS = 1_500;
const STAY_MS = 1_000;

/**
 * Runs the daemon until SIGTERM or SIGINT and answers the exit code.
 * @throws ConfigError when the configuration is wrong
 */
export async function serve(flags: ServeFlags): Promise<number> {
  const loaded = loadConfig({ flags, mode: flags.configMode });
  const { config } = loaded;
  const redactor = redactorOf(config, process.env);
  const logger = new JsonLogger(config.log.level, config.log.format, redactor);
  announce(loaded, logger);
  try {
    const baseFolder = baseFolderOf(loaded);
    const app = await startApp({ config, baseFolder, logger, redactor, version: SOFTWARE_VERSION });
    logger.info('config', `listening on ${app.url}`, { url: app.url });
    await ended(app, config, logger);
    return EXIT.ok;
  } catch (error) {
    logger.error('config', `cannot start: ${explain(error, config)}`);
    console.error(`llama-orch cannot start: ${explain(error, config)}`);
    return exitCodeOf(error);
  } finally {
    if (!(await logger.flush(FLUSH_MS))) leaveUnheard();
  }
}

function announce({ config, source, warnings }: LoadedConfig, logger: Logger): void {
  logger.info('config', 'configuration loaded', { source: source.type, pools: config.pools.map((pool) => pool.id) });
  for (const { path, message } of warnings) logger.warn('config', message, { path });
  if (config.auth.keys.length === 0)
    logger.warn('config', 'no key is configured: every program on this machine may call');
  warnOfShortSecrets(config, process.env, logger);
  for (const pool of config.pools) {
    if (pool.engine === 'mock')
      logger.warn('config', `pool ${pool.id} makes up its tokens: its engine is mock`, { pool_id: pool.id });
  }
}

/** Waits for a signal and ends the daemon gracefully; a second signal ends it at once. */
async function ended(app: App, config: Config, logger: Logger): Promise<void> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve);
  });
  logger.info('drain', `${signal}: draining for at most ${config.server.shutdown_ms} ms`, { reason: 'shutdown' });
  const impatient = () => void hurry(app, logger);
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, impatient);
  // Timers of the clock hold no process, and what is waited for may be an engine that is slow to end.
  const alive = setInterval(() => {}, STAY_MS);
  await app.shutDown(config.server.shutdown_ms).finally(() => clearInterval(alive));
  logger.info('drain', 'drained', { reason: 'shutdown' });
}

async function hurry(app: App, logger: Logger): Promise<void> {
  setTimeout(leaveUnheard, SECOND_SIGNAL_MS).unref();
  await app.endNow();
  await logger.flush(FLUSH_MS);
}

/** A write to a full pipe that nobody reads holds every other way out. Streams have ended by now; engines may be slow to. */
function leaveUnheard(): void {
  killEngines();
  process.kill(process.pid, 'SIGKILL');
}

/** What the config asks for and cannot be had, such as an unknown engine, is told apart from a fault of our own. */
function exitCodeOf(error: unknown): number {
  if (error instanceof StoreError) return STORE_EXIT[error.fault];
  if (codeOf(error) === 'EADDRINUSE') return EXIT.unavailable;
  const isSetup = error instanceof Error && error.name === 'Error' && codeOf(error) === undefined;
  return isSetup ? EXIT.config : EXIT.failure;
}

function baseFolderOf({ source }: LoadedConfig): string {
  return source.type === 'file' ? dirname(source.path) : process.cwd();
}

function explain(error: unknown, { server }: Config): string {
  const message = error instanceof Error ? error.message : String(error);
  if (codeOf(error) === 'EADDRINUSE')
    return `${server.bind} is in use by another program; stop it, or choose another address with --bind`;
  if (codeOf(error) === 'EADDRNOTAVAIL')
    return `${server.bind} is no address of this machine; choose another with --bind`;
  if (codeOf(error) === 'EACCES')
    return `${server.bind} may not be used by this user; choose a port above 1023 with --bind`;
  return message;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
