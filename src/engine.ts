import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { type Surroundings, withEgress } from './engine-egress.js';
import { UsageError } from './cli/cli-errors.js';
import { type EngineAnswer, type EngineRequest } from './cli/commands/engine.js';
import { table } from './cli/text.js';
import {
  type Config,
  ConfigError,
  dataFolder,
  loadConfig,
  type LoadedConfig,
  type PoolConfig,
} from './config/index.js';
import { SystemClock } from './kernel/clock.js';
import { nearNames } from './kernel/near-names.js';
import { Logger } from './observability/logger.js';
import { FIRST_PARTY } from './plugin-host/first-party.js';
import { PluginHost } from './plugin-host/plugin-host.js';
import { enginesOf, type RunningEngine } from './pools/provisioning/engine-status.js';
import { type Places, placesOf } from './pools/provisioning/places.js';
import { planOf } from './pools/provisioning/plan/plan.js';
import { commandsOf, type Plan } from './pools/provisioning/plan/step.js';
import { carryOut, stepState, type StepState } from './pools/provisioning/prepare/carry-out.js';
import { log, quoted, type Workshop } from './pools/provisioning/prepare/run-command.js';
import { endOrphans } from './pools/provisioning/run/orphans.js';
import { isProvisioned } from './pools/provisioning/setup.js';

const OWNER_ONLY = 0o700;

/**
 * Takes care of the engines of this machine, with the configuration and the plugins that a daemon would have.
 * @throws ConfigError when the configuration is wrong, UsageError when there is no such pool, Error when a step fails
 */
export async function careForEngines(request: EngineRequest): Promise<EngineAnswer> {
  const loaded = loadConfig(request.config);
  const { env = process.env } = request.config;
  const baseFolder = baseFolderOf(loaded, request);
  const pools = poolsAskedFor(loaded.config, request.pool);
  const places = placesOf(dataFolder(loaded.config.storage.data_dir, baseFolder, env), env);
  if (request.action === 'down') return down(pools[0]!, places);
  const plans = await plansOf(loaded.config, pools, places, baseFolder);
  const shop = (pool: string): Workshop => ({ env, say: request.say, logPath: logPath(places, pool) });
  if (request.action === 'up')
    return up(plans[0]!, shop(plans[0]!.pool_id), places, { config: loaded.config, baseFolder, env });
  const answers =
    request.action === 'plan'
      ? plans.map(planAnswer)
      : await Promise.all(plans.map((plan) => statusAnswer(plan, shop(plan.pool_id), places)));
  return together(answers, request.pool);
}

async function up(plan: Plan, shop: Workshop, { engines }: Places, surroundings: Surroundings): Promise<EngineAnswer> {
  mkdirSync(engines, { recursive: true, mode: OWNER_ONLY });
  const record = (line: string) => log(shop.logPath, line);
  await withEgress({ ...surroundings, record }, (egress) => carryOut(plan, { ...shop, egress }));
  const steps = await statesOf(plan, shop);
  const text = `the engine of pool ${plan.pool_id} is ready to be started by: llama-orch serve\n`;
  return { document: { pool_id: plan.pool_id, steps, log: shop.logPath }, text };
}

async function down({ id }: PoolConfig, { engines }: Places): Promise<EngineAnswer> {
  const running = enginesOf(engines, id).find(({ state }) => state === 'running');
  if (running !== undefined) {
    const hint = 'stop the daemon, and its engines end with it';
    throw new Error(`the daemon with process ${running.daemon_pid} runs the engine of pool ${id}; ${hint}`);
  }
  const orphans = await endOrphans(engines, new SystemClock(), id);
  const ended = orphans.filter(({ isEnded }) => isEnded).map(({ record }) => record.replica_id);
  const left = orphans.filter(({ isEnded }) => !isEnded).map(({ record }) => record.replica_id);
  if (left.length > 0) throw new Error(`${left.join(', ')} cannot be ended; try it as the user who started it`);
  const text = ended.length === 0 ? `no engine of pool ${id} is left\n` : `ended ${ended.join(', ')}\n`;
  return { document: { pool_id: id, ended }, text };
}

function planAnswer(plan: Plan): EngineAnswer {
  const steps = plan.steps.map((step) => {
    const { kind, detail, refused } = step;
    return { kind, detail, commands: commandsOf(step), ...(refused === undefined ? {} : { refused }) };
  });
  const lines = steps.flatMap(({ kind, detail, commands, refused }) => [
    `  ${kind}: ${detail}`,
    ...commands.filter((command) => command.length > 0).map((command) => `    $ ${command.map(quoted).join(' ')}`),
    ...(refused === undefined ? [] : [`    refused: ${refused}`]),
  ]);
  return { document: { pool_id: plan.pool_id, steps }, text: `pool ${plan.pool_id}\n${lines.join('\n')}\n` };
}

async function statusAnswer(plan: Plan, shop: Workshop, places: Places): Promise<EngineAnswer> {
  const steps = await statesOf(plan, shop);
  const engines = enginesOf(places.engines, plan.pool_id);
  const rows = steps.map(({ kind, state, detail }) => [kind, state, detail]);
  const running = engines.length === 0 ? 'no engine runs\n' : table(ENGINE_COLUMNS, engines.map(engineRow));
  const text = `pool ${plan.pool_id}\n${table(['STEP', 'STATE', 'WHAT'], rows)}${running}`;
  return { document: { pool_id: plan.pool_id, steps, engines }, text };
}

const ENGINE_COLUMNS = ['REPLICA', 'STATE', 'PID', 'PORT'];

function engineRow({ replica_id, state, pid, port }: RunningEngine): string[] {
  return [replica_id, state, String(pid ?? '-'), String(port)];
}

interface StepReport {
  readonly kind: string;
  readonly detail: string;
  readonly state: StepState;
}

async function statesOf({ steps }: Plan, shop: Workshop): Promise<readonly StepReport[]> {
  return Promise.all(
    steps.map(async (step) => ({ kind: step.kind, detail: step.detail, state: await stepState(step, shop) })),
  );
}

/** A pool that was asked for is the document itself. */
function together(answers: readonly EngineAnswer[], pool: string | undefined): EngineAnswer {
  if (pool !== undefined) return answers[0]!;
  const text = answers.length === 0 ? 'no pool has provisioning\n' : answers.map((answer) => answer.text).join('\n');
  return { document: { pools: answers.map(({ document }) => document) }, text };
}

function poolsAskedFor({ pools }: Config, wanted: string | undefined): readonly PoolConfig[] {
  const provisioned = pools.filter(isProvisioned);
  if (wanted === undefined) return provisioned;
  const found = provisioned.find(({ id }) => id === wanted);
  if (found !== undefined) return [found];
  if (pools.some(({ id }) => id === wanted))
    throw new UsageError(`pool ${wanted} has no provisioning: its engine runs elsewhere, or comes along`);
  const [near] = nearNames(
    wanted,
    pools.map(({ id }) => id),
    1,
  );
  throw new UsageError(`there is no pool ${wanted}${near === undefined ? '' : `; did you mean ${near}?`}`);
}

async function plansOf(
  { egress, plugins: configured }: Config,
  pools: readonly PoolConfig[],
  places: Places,
  baseFolder: string,
): Promise<readonly Plan[]> {
  const host = new PluginHost(new SystemClock(), new NoLogger(), baseFolder);
  try {
    await host.load([...FIRST_PARTY, ...configured]);
    const options = { mayDownload: egress.enabled, jobs: availableParallelism() };
    return await Promise.all(pools.map(async (pool) => planOf(await setupOf(pool, host, places), options)));
  } catch (error) {
    throw error instanceof Error && error.name === 'Error'
      ? new ConfigError([{ path: 'pools', message: error.message }])
      : error;
  }
}

async function setupOf(pool: PoolConfig, host: PluginHost, places: Places) {
  const { program } = await host.create('engine-adapter', pool.engine, pool.options);
  const { provisioning } = pool;
  if (provisioning !== undefined && program !== undefined) return { pool, provisioning, program, places };
  const hint = 'run it yourself and give the pool an endpoint';
  throw new Error(`engine ${pool.engine} of pool ${pool.id} does not say how it is started; ${hint}`);
}

function baseFolderOf({ source }: LoadedConfig, { config }: EngineRequest): string {
  return source.type === 'file' ? dirname(source.path) : (config.cwd ?? process.cwd());
}

function logPath({ engines }: Places, pool: string): string {
  return join(engines, `${pool}.provisioning.log`);
}

/** Plugins have nothing to tell here: standard output is the answer. */
class NoLogger extends Logger {
  override log(): void {}

  override flush(): Promise<boolean> {
    return Promise.resolve(true);
  }
}
