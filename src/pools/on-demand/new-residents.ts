import { type Config } from '../../config/index.js';
import { type Clock } from '../../kernel/clock.js';
import { type Logger } from '../../observability/logger.js';
import { type Metrics } from '../../observability/metrics.js';
import { LoadTimes } from './load-times.js';
import { type Memory } from './memory.js';
import { Residents } from './residents.js';
import { OnDemandTelemetry } from './telemetry.js';

/** Whoever decides what is loaded. Series of loads are there only when a pool loads on demand. */
export function newResidents(
  { on_demand: rules, pools }: Config,
  clock: Clock,
  logger: Logger,
  metrics: Metrics,
  memory: Memory,
): Residents {
  const loadsOnDemand = pools.some(({ preload }) => !preload);
  return new Residents({
    ...{ clock, memory, times: new LoadTimes() },
    rules: { minLoadedMs: rules.min_loaded_ms, maxTurnMs: rules.max_turn_ms },
    ...(loadsOnDemand && { telemetry: new OnDemandTelemetry(metrics, logger) }),
  });
}
