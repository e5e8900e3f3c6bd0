import 'reflect-metadata';
import { type AddressInfo } from 'node:net';
import { type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Admission } from './admission/admission.js';
import { Replays } from './admission/replays.js';
import { KeyLimits } from './admission/limits/key-limits.js';
import { type AppOptions, AppModule } from './app.module.js';
import { Collector } from './artifacts/collector.js';
import { AuditLog } from './audit/audit-log.js';
import { type BindAddress, parseBind } from './config/index.js';
import { OwnAddresses } from './egress/guard/own-addresses.js';
import { ProblemFilter } from './http/problem-filter.js';
import { Probes } from './http/probes.js';
import { installEdge, newServer } from './http/server.js';
import { Streams } from './http/streams.js';
import { ToolReplays } from './http/tool-replays.js';
import { Clock } from './kernel/clock.js';
import { type Logger } from './observability/logger.js';
import { Metrics } from './observability/metrics.js';
import { auditPolicies } from './policy-audit.js';
import { PolicyNews } from './policy-host/policy-news.js';
import { Store } from './persistence/store/store.js';
import { Residents } from './pools/on-demand/residents.js';
import { Devices } from './pools/devices/devices.js';
import { CleanStart } from './pools/provisioning/run/clean-start.js';
import { Pools } from './pools/pools.js';
import { Recovery } from './scheduling/recovery/recovery.js';
import { Scheduler } from './scheduling/scheduler.js';
import { Sessions } from './sessions/sessions.js';
import { TaskHistory } from './tasks/task-history.js';
import { TaskJournal } from './tasks/task-journal.js';
import { Transcripts } from './tasks/transcripts.js';
import { auditStart } from './start-audit.js';

/** A running daemon. */
export interface App {
  /** Base URL it listens on. */
  readonly url: string;
  /** Refuses new work, lets tasks finish for `graceMs`, ends the rest, and frees everything. Calling twice is harmless. */
  shutDown(graceMs: number): Promise<void>;
  /** Ends every task at once and then shuts down. */
  endNow(): Promise<void>;
}

/** Starts the daemon: plugins, pools, then the socket. Models load afterwards. @throws Error that says what failed and why */
export async function startApp(options: AppOptions): Promise<App> {
  const bind = parseBind(options.config.server.bind)!;
  const adapter = newServer(options.config);
  const nest = await NestFactory.create<NestFastifyApplication>(AppModule.with(options), adapter, {
    logger: nestLogger(options.logger),
    abortOnError: false,
    bodyParser: false,
  });
  const edge = { clock: nest.get(Clock), metrics: nest.get(Metrics), keyLimits: nest.get(KeyLimits) };
  installEdge(adapter, options.config, bind, edge);
  nest.useGlobalFilters(new ProblemFilter(options.logger, options.redactor));
  await auditStart(nest.get(AuditLog), options.config, options.version, options.logger);
  auditPolicies(nest.get(PolicyNews), nest.get(AuditLog), options.logger);
  await Promise.all([nest.get(Replays).start(), nest.get(ToolReplays).start(), nest.get(Recovery).run()]);
  nest.get(TaskHistory).start();
  const url = await listen(nest, bind);
  const listening = nest.getHttpServer().address() as AddressInfo;
  nest.get(OwnAddresses).listensOn(listening.address, listening.port);
  nest.get(Collector).start();
  void nest.get(Transcripts).start();
  void nest.get(CleanStart).clear();
  nest.get(Residents).start(nest.get(Pools), nest.get(Scheduler));
  nest.get(Pools).start(nest.get(Scheduler), nest.get(Scheduler).traffic);
  return new RunningApp(nest, url);
}

const LAST_ANSWERS_MS = 500;

class RunningApp implements App {
  private ending: Promise<void> | undefined;

  constructor(
    private readonly nest: NestFastifyApplication,
    readonly url: string,
  ) {}

  shutDown(graceMs: number): Promise<void> {
    this.ending ??= this.end(graceMs);
    return this.ending;
  }

  async endNow(): Promise<void> {
    const ending = this.shutDown(0);
    this.nest.get(Scheduler).shutDown();
    await ending;
  }

  private async end(graceMs: number): Promise<void> {
    const { nest } = this;
    nest.get(Probes).drain();
    nest.get(Admission).close();
    await nest.get(Scheduler).drain(graceMs);
    await nest.get(TaskJournal).settled();
    nest.get(Residents).stop();
    await Promise.all([this.closeServer(), nest.get(Pools).stop()]);
    await nest.get(Devices).close();
    await nest.get(Transcripts).close();
    await nest.get(Collector).stop();
    await nest.get(AuditLog).close();
    await nest.get(TaskHistory).stop();
    await nest.get(TaskJournal).settled();
    await nest.get(Sessions).close();
    // The data folder is ours as long as the store is open.
    await nest.get(Store).close();
  }

  /** Answers under way get a moment; a caller who never finishes a request, or never reads its answer, gets no more. */
  private async closeServer(): Promise<void> {
    const { nest } = this;
    const cancelTimer = nest.get(Clock).schedule(LAST_ANSWERS_MS, () => {
      nest.get(Streams).closeAll();
      nest.getHttpServer().closeAllConnections();
    });
    await nest.close();
    cancelTimer();
  }
}

async function listen(nest: NestFastifyApplication, { host, port }: BindAddress): Promise<string> {
  await nest.listen(port, host);
  const { port: bound } = nest.getHttpServer().address() as { port: number };
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}

function nestLogger(logger: Logger): LoggerService {
  const quiet = () => {};
  return {
    log: quiet,
    debug: quiet,
    verbose: quiet,
    warn: (message: unknown) => logger.warn('framework', String(message)),
    error: (message: unknown) => logger.error('framework', String(message)),
    fatal: (message: unknown) => logger.error('framework', String(message)),
  };
}
