import { MetricsText } from './metrics-text.js';
import { type Upstream } from './upstream.js';

/** Where an engine tells its metrics. */
export class MetricsRoute {
  constructor(
    private readonly upstream: Upstream,
    private readonly path: string,
  ) {}

  /** Undefined when nothing came in time, or the engine tells none. */
  async read(signal: AbortSignal, timeoutMs: number): Promise<MetricsText | undefined> {
    const reply = await this.upstream.getJson(this.path, { timeoutMs, signal }).catch(() => undefined);
    return reply?.status === 200 ? new MetricsText(reply.text) : undefined;
  }
}

/** The path that a url of metrics needs behind its prefix: a url without a path means `/metrics`. */
export function metricsPath(url: string): '' | '/metrics' {
  return new URL(url).pathname === '/' ? '/metrics' : '';
}
