import {
  type EngineAdapterPlugin,
  type EngineConnection,
  type EngineEndpoint,
  type EnginePrompt,
} from '../../contracts/engine.js';
import { type Check, describeKit, type Kit, skip, type TestRunner } from '../kit.js';
import { pluginChecks } from '../plugin-checks.js';
import { idOf, type ReportPlace } from '../report.js';
import { reportOf } from '../report-file.js';
import { cancelChecks } from './cancel-checks.js';
import { closeChecks } from './close-checks.js';
import { EngineBench } from './engine-bench.js';
import { factChecks } from './fact-checks.js';
import { loadChecks } from './load-checks.js';
import { requestChecks } from './request-checks.js';
import { streamChecks } from './stream-checks.js';
import { type EngineWire } from './wire/engine-wire.js';
import { wireEndChecks } from './wire/end-checks.js';
import { wireMetricsChecks } from './wire/metrics-checks.js';
import { wireRefusalChecks } from './wire/refusal-checks.js';
import { wireReplayChecks } from './wire/replay-checks.js';
import { wireRequestChecks } from './wire/request-checks.js';
import { wireStateChecks } from './wire/state-checks.js';
import { wireStreamChecks } from './wire/stream-checks.js';
import { wireTimeChecks } from './wire/time-checks.js';
import { wireUsageChecks } from './wire/usage-checks.js';
import { workloadChecks } from './workload-checks.js';

/** What the kit needs to know about an engine and the model on it. */
export interface EngineFixture {
  /** Options of the plugin, as an operator writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly prompts: EngineFixturePrompts;
  /** Milliseconds that one answer of the engine may take before a check calls it stuck. Default 5000. */
  readonly patienceMs?: number;
  /**
   * Brings up what `connect` needs, be it a real engine or a fake one that decodes; called for the whole kit and again
   * for checks that end an engine. Default: only what the wire can show is checked.
   */
  startEngine?(): Promise<EngineUnderTest> | EngineUnderTest;
  /** What an engine of this kind sends. Default: the checks on the wire are skipped. */
  readonly wire?: EngineWire;
  /** Why there is no wire, for the report. */
  readonly withoutWire?: string;
  /** Keeps a report of the results. Default: they are only tested. */
  readonly report?: ReportPlace;
}

export interface EngineFixturePrompts {
  /** Its answer ends by itself within 64 tokens at temperature 0. */
  readonly short: EnginePrompt;
  /** Its answer has more than 200 tokens at temperature 0, and 32 take more than a moment. */
  readonly endless: EnginePrompt;
  /** Its answer depends on the seed at temperature 1. Default: checks of the seed's width are skipped. */
  readonly varied?: EnginePrompt;
  /** Its answer holds characters of several bytes. Default: only plain answers are looked at. */
  readonly emoji?: EnginePrompt;
  /** Text of a caller with control tokens of the model in it. Default: nothing is known about control tokens. */
  readonly control?: ControlPrompt;
  /** A conversation that repeats the beginning of the one before. Default: reuse is not looked at. */
  readonly turns?: readonly [EnginePrompt, EnginePrompt];
}

/** At least one of the two ways to see whether control tokens were obeyed. */
export interface ControlPrompt {
  readonly prompt: EnginePrompt;
  /** The answer at temperature 0, within 64 tokens, if the control tokens were obeyed. */
  readonly ifObeyed?: string;
  /** The same prompt without them, and how many there are: as text each costs several tokens. */
  readonly without?: { readonly prompt: EnginePrompt; readonly controls: number };
}

export interface EngineUnderTest {
  readonly endpoint: EngineEndpoint;
  /** Slots in use by the engine's own count. Default: freed slots are shown by using all of them again. */
  readonly busySlots?: (connection: EngineConnection) => Promise<number> | number;
  /** Requests in the engine's own queue. Default: the host never sends more than there are slots, and nothing waits. */
  readonly queued?: (connection: EngineConnection) => Promise<number> | number;
  /** An endpoint whose model aborts its engine as soon as it is loaded. Default: engines crash only by `kill`. */
  readonly crashing?: EngineEndpoint;
  /** Kills the engine as a crash would. Default: the checks of a lost engine are skipped. */
  kill?(connection: EngineConnection): Promise<void> | void;
  /** Ends the engine for good. */
  stop?(): Promise<void>;
}

const liveChecks = [
  ...factChecks,
  ...streamChecks,
  ...requestChecks,
  ...cancelChecks,
  ...loadChecks,
  ...workloadChecks,
  ...closeChecks,
].map(onEngine);
const wireChecks = [
  ...wireStreamChecks,
  ...wireReplayChecks,
  ...wireEndChecks,
  ...wireRefusalChecks,
  ...wireRequestChecks,
  ...wireTimeChecks,
  ...wireStateChecks,
  ...wireMetricsChecks,
  ...wireUsageChecks,
];

export function engineKit<Options>(plugin: EngineAdapterPlugin<Options>, fixture: EngineFixture): Kit<EngineBench> {
  return {
    title: `engine adapter ${plugin.id}`,
    checks: [...pluginChecks, ...inOrder([...liveChecks, ...wireChecks])],
    open: () => EngineBench.open(plugin, fixture),
    close: (bench) => bench.close(),
  };
}

/** Declares one test per demand of the engine contract. */
export function describeEngineAdapter<Options>(
  plugin: EngineAdapterPlugin<Options>,
  fixture: EngineFixture,
  runner?: TestRunner,
): void {
  describeKit(engineKit(plugin, fixture), runner, fixture.report && reportOf(plugin, fixture.report));
}

/** The check, where there is an engine that decodes. */
function onEngine(check: Check<EngineBench>): Check<EngineBench> {
  const moot = skip('the fixture starts no engine');
  return { name: check.name, run: (bench) => (bench.isLive ? check.run(bench) : moot) };
}

/** By the number in the name; checks with the same number stay together. */
function inOrder(checks: readonly Check<EngineBench>[]): Check<EngineBench>[] {
  return checks.toSorted((a, b) => idOf(a.name).localeCompare(idOf(b.name), 'en', { numeric: true }));
}
