import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Metrics } from './metrics.js';

const RESOLUTION_MS = 50;

/** Keeps the gauge of the event loop's delay. */
export function watchEventLoop(metrics: Metrics): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // The monitor counts its own interval as delay.
  metrics.beforeScrape(() => metrics.eventLoopLag.set(Math.max(0, delay.percentile(99) / 1e9 - RESOLUTION_MS / 1000)));
}
