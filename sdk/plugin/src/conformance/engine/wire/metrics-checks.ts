import { type EngineConnection } from '../../../contracts/engine.js';
import { type EngineGauges } from '../../../contracts/engine-optional.js';
import { demand } from '../../demand.js';
import { type Check, skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { type WireMetrics, type WireReply } from './engine-wire.js';
import { onWire, type WireBench } from './wire-bench.js';

const CALLS = 8;
const MOST_LINES = 2;
const NO_METRICS = 'the adapter reads no metrics of the engine';

/** What `scrape` makes of the engine's own metrics. */
export const wireMetricsChecks: readonly Check<EngineBench>[] = [
  onWire('EA-43 reads the metrics of every release', async (bench) => {
    const { metrics } = bench.wire;
    if (!metrics) return skip(NO_METRICS);
    const connection = await bench.connectReady();
    for (const { name, text, gauges } of metrics.samples) {
      const actual = await scrape(bench, connection, metrics, { body: text });
      const isEqual = canonical(actual) === canonical(gauges);
      demand(isEqual, `The sample "${name}" is not read as it should be.`, { actual, expected: gauges });
    }
  }),
  onWire('EA-43b leaves out what is no number', async (bench) => {
    const { metrics } = bench.wire;
    if (!metrics) return skip(NO_METRICS);
    const connection = await bench.connectReady();
    for (const { text } of metrics.samples) {
      const broken = text.replaceAll(/^([a-z][^#\n]*) \S+$/gim, '$1 NaN');
      demandEmpty(await scrape(bench, connection, metrics, { body: broken }), 'for series that say NaN');
    }
    for (const body of ['', '# HELP none\n', '<html>a page</html>', 'a{b="c}" 1\n}} {{\n']) {
      demandEmpty(await scrape(bench, connection, metrics, { body }), `for ${JSON.stringify(body)}`);
    }
  }),
  onWire('EA-45 takes metrics that are off for no gauges, without a flood of lines', async (bench) => {
    const { metrics } = bench.wire;
    if (!metrics) return skip(NO_METRICS);
    const connection = await bench.connectReady();
    const before = bench.logs.length;
    for (const status of [404, 501, 500]) {
      for (let call = 0; call < CALLS; call++) {
        const reply = { status, body: { error: { message: 'off', code: status } } };
        demandEmpty(await scrape(bench, connection, metrics, reply), `when the route answers ${status}`);
      }
    }
    const lines = bench.logs.length - before;
    demand(lines <= MOST_LINES, `${lines} lines were logged about metrics that are off; say it once.`);
  }),
];

async function scrape(
  bench: WireBench,
  connection: EngineConnection,
  { route }: WireMetrics,
  reply: WireReply,
): Promise<EngineGauges> {
  demand(connection.scrape !== undefined, 'The fixture names metrics, but the connection has no scrape; write it.');
  bench.server.answer = (request) =>
    `${request.method} ${request.path}` === route ? reply : bench.wire.reply(request);
  return bench.inTime(connection.scrape(new AbortController().signal), 'scrape is stuck.');
}

function demandEmpty(actual: EngineGauges, when: string): void {
  demand(canonical(actual) === canonical({}), `scrape made numbers up ${when}.`, { actual, expected: {} });
}

/** Members in order of their names; absent ones are left out. */
function canonical(gauges: EngineGauges): string {
  return JSON.stringify(
    Object.entries(gauges)
      .filter(([, value]) => value !== undefined)
      .sort(),
  );
}
