import {
  type EngineAdapterPlugin,
  type EngineConnection,
  type EngineEndpoint,
  type EnginePrompt,
} from '../../contracts/engine.js';
import { describeKit, type Kit, type TestRunner } from '../kit.js';
import { pluginChecks } from '../plugin-checks.js';
import { cancelChecks } from './cancel-checks.js';
import { closeChecks } from './close-checks.js';
import { EngineBench } from './engine-bench.js';
import { factChecks } from './fact-checks.js';
import { requestChecks } from './request-checks.js';
import { streamChecks } from './stream-checks.js';
import { workloadChecks } from './workload-checks.js';

/** What the kit needs to know about an engine and the model on it. */
export interface EngineFixture {
  /** Options of the plugin, as an operator writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly prompts: EngineFixturePrompts;
  /** Milliseconds that one answer of the engine may take before a check calls it stuck. Default 5000. */
  readonly patienceMs?: number;
  /** Brings up what `connect` needs; called for the whole kit and again for checks that end an engine. */
  startEngine(): Promise<EngineUnderTest> | EngineUnderTest;
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
}

export interface EngineUnderTest {
  readonly endpoint: EngineEndpoint;
  /** Slots in use by the engine's own count. Default: freed slots are shown by using all of them again. */
  readonly busySlots?: (connection: EngineConnection) => Promise<number> | number;
  /** Kills the engine as a crash would. Default: the checks of a lost engine are skipped. */
  kill?(connection: EngineConnection): Promise<void> | void;
  /** Ends the engine for good. */
  stop?(): Promise<void>;
}

export function engineKit<Options>(plugin: EngineAdapterPlugin<Options>, fixture: EngineFixture): Kit<EngineBench> {
  return {
    title: `engine adapter ${plugin.id}`,
    checks: [
      ...pluginChecks,
      ...factChecks,
      ...streamChecks,
      ...requestChecks,
      ...cancelChecks,
      ...workloadChecks,
      ...closeChecks,
    ],
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
  describeKit(engineKit(plugin, fixture), runner);
}
