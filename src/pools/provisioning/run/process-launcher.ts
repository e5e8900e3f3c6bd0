import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EngineError, type EngineEndpoint, isEngineError } from '@llama-orch/plugin-sdk';
import { type Environment } from '../../../config/index.js';
import { type Clock } from '../../../kernel/clock.js';
import { type Logger } from '../../../observability/logger.js';
import { type Launch, type Launcher, NOTHING_TO_LAUNCH } from '../../launch.js';
import { type Pool } from '../../pool.js';
import { bounded } from '../../wait.js';
import { findProgram, isExecutable } from '../find-program.js';
import { type Places } from '../places.js';
import { isProvisioned, programPlace, type Setup, weightsFile } from '../setup.js';
import { EngineProcess, type ProcessOptions } from './engine-process.js';
import { type EngineRecord, removeRecord, writeRecord } from './engine-record.js';
import { freePort, isFree, untilListening } from './ports.js';
import { bootId, processOf } from './process-table.js';
import { startCommand, type StartCommand, type StartOptions } from './start-command.js';
import { engineUser, type UserIds } from './user.js';

export interface LauncherPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly places: Places;
  readonly env: Environment;
}

const OWNER_ONLY = 0o700;

/** Starts the engines of pools that say how; those of others run elsewhere. */
export class ProcessLauncher implements Launcher {
  constructor(private readonly ports: LauncherPorts) {}

  async launch(pool: Pool, endpoint: EngineEndpoint, stop: AbortSignal): Promise<Launch> {
    if (!isProvisioned(pool.config)) return NOTHING_TO_LAUNCH.launch(pool, endpoint, stop);
    const setup = this.setupOf(pool);
    try {
      const whole = withWeights(setup, endpoint);
      return await this.start(setup, whole, await this.portOf(pool, endpoint), stop);
    } catch (error) {
      throw isEngineError(error) ? error : refusedByHost(pool.id, error);
    }
  }

  private async start(setup: Setup, endpoint: EngineEndpoint, port: number, stop: AbortSignal): Promise<Launch> {
    const { clock, places } = this.ports;
    const { command, mark, user, home } = this.prepare(setup, endpoint, port);
    const record = recordOf(setup, endpoint, { command, mark, port, epochMs: clock.epochMs() });
    const logPath = join(places.engines, `${endpoint.replicaId}.log`);
    const wrapper = command.container === undefined ? withoutNewRights(this.ports.env) : [];
    const options = { command, mark, cwd: home ?? '/', logPath, wrapper, ...(user === undefined ? {} : { user }) };
    const engine = this.spawned(options, record);
    const end = () => engine.end().finally(() => removeRecord(places.engines, record));
    try {
      if (engine.pid !== undefined)
        writeRecord(places.engines, { ...record, pid: engine.pid, started_at: processOf(engine.pid)?.startedAt });
      await this.listening(engine, port, setup.pool.timeouts.load_ms, stop);
    } catch (error) {
      await end();
      throw error;
    }
    const url = `http://127.0.0.1:${port}`;
    return { endpoint: { ...endpoint, url }, lost: engine.lost, loaded: () => engine.loaded(), end };
  }

  /** @throws Error when the system refuses to start it; no record of it stays then */
  private spawned(options: ProcessOptions, record: EngineRecord): EngineProcess {
    const { clock, places } = this.ports;
    // The mark is on disk before the process is there: whenever this daemon dies, the engine can be found.
    writeRecord(places.engines, record);
    try {
      return new EngineProcess(options, clock);
    } catch (error) {
      removeRecord(places.engines, record);
      throw error;
    }
  }

  private prepare(setup: Setup, endpoint: EngineEndpoint, port: number) {
    const { places, env } = this.ports;
    const user = engineUser(setup.provisioning.user);
    this.warnOfRoot(setup, user);
    const mark = randomUUID();
    // A user who is not the daemon's cannot enter the data folder.
    const home = user === undefined ? join(places.engines, endpoint.replicaId) : undefined;
    mkdirSync(home ?? places.engines, { recursive: true, mode: OWNER_ONLY });
    const options: StartOptions = { program: this.programOf(setup), endpoint, port, home, mark, daemon: env };
    return { command: startCommand(setup, options), mark, user, home };
  }

  private async listening(engine: EngineProcess, port: number, limitMs: number, stop: AbortSignal): Promise<void> {
    const lost = new AbortController();
    const end = engine.lost.then((error) => {
      lost.abort();
      return error;
    });
    const wait = (signal: AbortSignal) =>
      Promise.race([end, untilListening(port, this.ports.clock, AbortSignal.any([signal, lost.signal]))]);
    const failure = await bounded(wait, limitMs, this.ports.clock, stop);
    if (failure !== undefined) throw failure;
  }

  /** @throws EngineError `not_installed` with the command that gets the engine */
  private programOf({ pool, ...rest }: Setup): StartOptions['program'] {
    const place = programPlace({ pool, ...rest });
    const { PATH } = this.ports.env;
    if (place.type === 'container') {
      const runtimes = place.runtime === undefined ? (['podman', 'docker'] as const) : [place.runtime];
      const runtime = runtimes.find((name) => findProgram(name, PATH) !== undefined);
      if (runtime === undefined) throw notPrepared(pool.id, `none of ${runtimes.join(', ')} is installed`);
      return { runtime, path: findProgram(runtime, PATH)!, image: place.image };
    }
    const path = place.type === 'file' ? place.path : findProgram(place.name, PATH);
    if (path !== undefined && isExecutable(path)) return path;
    throw notPrepared(
      pool.id,
      `${place.type === 'file' ? basename(place.path) : place.name} is not there, or may not be run`,
    );
  }

  /** Absolute path of the weights that a pool is provisioned with, whether they are there or not. */
  weightsOf({ config }: Pool): string | undefined {
    const { provisioning } = config;
    const { places } = this.ports;
    return provisioning === undefined ? undefined : weightsFile({ provisioning, places });
  }

  /** @throws EngineError `port_taken` */
  private async portOf(pool: Pool, { replicaId }: EngineEndpoint): Promise<number> {
    const index = pool.replicas.findIndex(({ id }) => id === replicaId);
    const port = pool.config.provisioning?.ports[index];
    if (port === undefined) return freePort();
    if (await isFree(port)) return port;
    const message = `port ${port} of replica ${replicaId} is taken by another program; stop it, or change provisioning.ports`;
    throw new EngineError('unavailable', message, { reason: 'port_taken' });
  }

  private setupOf({ config, adapter: { program } }: Pool): Setup {
    const { provisioning, engine, id } = config;
    if (provisioning !== undefined && program !== undefined)
      return { pool: config, provisioning, program, places: this.ports.places };
    const message = `engine ${engine} does not say how it is started; run it yourself and give pool ${id} an endpoint`;
    throw new EngineError('invalid-input', message, { reason: 'not_supported' });
  }

  private warnOfRoot({ pool }: Setup, user: UserIds | undefined): void {
    if (user !== undefined || process.getuid?.() !== 0) return;
    const hint = 'run the daemon as another user, or name one in provisioning.user';
    this.ports.logger.warn('pool_state', `the engine of pool ${pool.id} runs as root; ${hint}`, { pool_id: pool.id });
  }
}

interface Started {
  readonly command: StartCommand;
  readonly mark: string;
  readonly port: number;
  readonly epochMs: number;
}

function recordOf({ pool }: Setup, { replicaId }: EngineEndpoint, started: Started): EngineRecord {
  const { command, mark, port, epochMs } = started;
  return {
    ...{ version: 1, pool_id: pool.id, replica_id: replicaId, engine: pool.engine, port, mark },
    boot: bootId(),
    daemon: { pid: process.pid, started_at: processOf(process.pid)?.startedAt ?? '' },
    command: createHash('sha256')
      .update(JSON.stringify([command.program, ...command.args]))
      .digest('hex'),
    since_ms: epochMs,
    ...(command.container === undefined ? {} : { container: command.container }),
  };
}

/**
 * The weights of the configuration are those of its model; one that a reload brings must name its own.
 * @throws EngineError `model_missing` when the weights are not there
 */
function withWeights(setup: Setup, endpoint: EngineEndpoint): EngineEndpoint {
  const configured = endpoint.model.ref === setup.pool.model ? weightsFile(setup) : undefined;
  const path = endpoint.model.path ?? configured;
  if (path === undefined) return endpoint;
  if (!existsSync(path))
    throw notPrepared(setup.pool.id, `the weights ${basename(path)} are not there`, 'model_missing');
  return { ...endpoint, model: { ...endpoint.model, path } };
}

function notPrepared(
  poolId: string,
  what: string,
  reason: 'not_installed' | 'model_missing' = 'not_installed',
): EngineError {
  const message = `pool ${poolId} cannot start: ${what}; see llama-orch engine plan ${poolId}, then llama-orch engine up ${poolId}`;
  return new EngineError('unavailable', message, { reason });
}

/** A full disk, or a folder that may not be written; the message reaches callers, so it names no path. */
function refusedByHost(poolId: string, cause: unknown): EngineError {
  const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
  const message = `the engine of pool ${poolId} cannot be started (${code}); look at the disk and the rights of storage.data_dir`;
  return new EngineError('unavailable', message, { reason: 'refused', cause });
}

/** What the engine starts can never have more rights than it has. */
function withoutNewRights({ PATH }: Environment): readonly string[] {
  const setpriv = findProgram('setpriv', PATH);
  return setpriv === undefined ? [] : [setpriv, '--no-new-privs', '--'];
}
