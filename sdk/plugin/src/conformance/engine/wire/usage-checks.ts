import { demand } from '../../demand.js';
import { type Check, skip } from '../../kit.js';
import { type EngineBench } from '../engine-bench.js';
import { answerFrames, TOKENS, USAGE } from './answers.js';
import { demandText } from './stream-checks.js';
import { type WireUsage } from './engine-wire.js';
import { onWire, type WireBench } from './wire-bench.js';
import { type EndEvent } from '../../../contracts/engine.js';

/** Counts and times. */
export const wireUsageChecks: readonly Check<EngineBench>[] = [
  onWire('EA-47b reports the counts of the engine', async (bench) => {
    if (bench.wire.usage === 'none') return skip('the engine counts no tokens');
    const { usage } = await endOf(bench, USAGE);
    const { promptTokens, completionTokens, exact } = usage;
    const actual = { promptTokens, completionTokens, exact };
    const expected = { ...USAGE, exact: true };
    const isEqual = promptTokens === USAGE.promptTokens && completionTokens === USAGE.completionTokens && exact;
    demand(isEqual, 'usage must be what the engine counted.', { actual, expected });
  }),
  onWire('EA-47c marks counts that the engine did not give', async (bench) => {
    const { usage } = await endOf(bench, null);
    demand(!usage.exact, 'The engine gave no counts, but usage says that they are exact; nothing may be invented.', {
      actual: usage,
      expected: { exact: false },
    });
    const { completionTokens } = usage;
    const isNear = completionTokens >= 0 && completionTokens <= 2 * TOKENS.length;
    demand(isNear, `${completionTokens} tokens were counted in an answer of ${TOKENS.length}.`);
  }),
  onWire('EA-48 reports cached prompt tokens', async (bench) => {
    if (!bench.wire.tellsCached) return skip('the engine does not tell cached tokens');
    const { usage } = await endOf(bench, { ...USAGE, cachedTokens: 7 });
    demand(usage.cachedTokens === 7, 'cachedTokens is not what the engine told.', {
      actual: usage.cachedTokens,
      expected: 7,
    });
  }),
  onWire('EA-51 reports times that are possible, or none', async (bench) => {
    const { timings } = await endOf(bench, USAGE);
    if (timings === undefined) return skip('the adapter reports no times of the engine; the host measures its own');
    const values = Object.values(timings).filter((value) => value !== undefined);
    const arePossible = values.every((value) => Number.isFinite(value) && value >= 0);
    demand(arePossible, 'A time is negative or no number.', { actual: timings, expected: 'milliseconds from 0' });
  }),
];

async function endOf(bench: WireBench, usage: WireUsage | null): Promise<EndEvent> {
  const connection = await bench.connectReady();
  const transcript = await bench.stream(connection, answerFrames(bench.wire, { usage }));
  demandText(transcript, 'with counts');
  return transcript.ends[0]!;
}
