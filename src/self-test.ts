import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { AuditLog } from './audit/audit-log.js';
import { type SelfTestAnswer, type SelfTestRequest } from './cli/commands/serve.js';
import { loadConfig } from './config/index.js';
import { SOFTWARE_VERSION } from './kernel/version.js';
import { JsonLogger } from './observability/logger.js';
import { Residents } from './pools/on-demand/residents.js';
import { type Pool } from './pools/pool.js';
import { Pools } from './pools/pools.js';
import { type Replica } from './pools/replica.js';
import { Scheduler } from './scheduling/scheduler.js';
import { redactorOf } from './secrets.js';
import { Store } from './persistence/store/store.js';
import { Sessions } from './sessions/sessions.js';

const LOOK_MS = 20;

/**
 * Starts every pool as a daemon would, without an address, and answers how its self-tests went.
 * @throws ConfigError when the configuration is wrong, Error when the daemon could not start
 */
export async function selfTest(flags: SelfTestRequest): Promise<SelfTestAnswer> {
  const { config, source } = loadConfig({ flags, mode: flags.configMode });
  const baseFolder = source.type === 'file' ? dirname(source.path) : process.cwd();
  const redactor = redactorOf(config, process.env);
  const logger = new JsonLogger(flags.log === undefined ? 'silent' : config.log.level, config.log.format, redactor);
  const module = AppModule.with({ config, baseFolder, logger, redactor, version: SOFTWARE_VERSION });
  const nest = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const interruption = awaitSignal();
  try {
    return { replicas: await Promise.race([testAll(nest), interruption.signal]) };
  } finally {
    interruption.ignore();
    await nest.get(Pools).stop();
    await nest.get(AuditLog).close();
    await nest.get(Sessions).close();
    await nest.get(Store).close();
    await nest.close();
  }
}

/** A signal ends the test with its engines, as it ends a daemon. */
function awaitSignal(): { readonly signal: Promise<never>; ignore(): void } {
  const names = ['SIGTERM', 'SIGINT'] as const;
  let onSignal: (name: NodeJS.Signals) => void = () => {};
  const signal = new Promise<never>((_, reject) => {
    onSignal = (name) => reject(new Error(`the self-test was ended by ${name}`));
    for (const name of names) process.once(name, onSignal);
  });
  return { signal, ignore: () => names.forEach((name) => process.off(name, onSignal)) };
}

/** Pools that preload have to fit beside each other; the others are loaded one after another, as tasks would ask for them. */
async function testAll(nest: INestApplicationContext): Promise<SelfTestAnswer['replicas']> {
  const [pools, residents, scheduler] = [nest.get(Pools), nest.get(Residents), nest.get(Scheduler)];
  let wanted: Pool | undefined;
  const waitingIn = (id: string) => (id === wanted?.id ? 1 : 0);
  residents.start(pools, { waitingIn, busySlotsOf: () => 0, doneInMs: () => 0 });
  pools.start(scheduler, scheduler.traffic);
  const preloaded = pools.all.filter(({ config }) => config.preload);
  const results = (await Promise.all(preloaded.map((pool) => outcomeOf(pool, isDecided)))).flat();
  for (wanted of pools.all.filter(({ config }) => !config.preload)) {
    residents.look();
    results.push(...(await outcomeOf(wanted, isPartlyDecided)));
  }
  return results;
}

async function outcomeOf(pool: Pool, isOver: (pool: Pool) => boolean): Promise<SelfTestAnswer['replicas']> {
  while (!isOver(pool)) await pause(LOOK_MS);
  return pool.replicas.filter(wasTried).map((replica) => ({
    ...{ pool_id: pool.id, replica_id: replica.id, ok: replica.ready, tests: [...replica.selfTests] },
    ...(replica.lastError && { error: replica.lastError.message }),
  }));
}

function isDecided({ replicas }: Pool): boolean {
  return replicas.every(wasTried);
}

/** One replica is enough for the first task. */
function isPartlyDecided({ replicas }: Pool): boolean {
  return replicas.some(wasTried);
}

function wasTried({ ready, lastError }: Replica): boolean {
  return ready || lastError !== undefined;
}
