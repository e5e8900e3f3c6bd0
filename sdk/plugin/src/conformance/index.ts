export { type Check, type CheckResult, type Kit, type Skip, type TestRunner, describeKit, runKit } from './kit.js';
export { type PluginSubject } from './plugin-checks.js';
export { describePlacementStrategy, placementKit, type PlacementKitOptions } from './placement/placement-kit.js';
export { describeQueueDiscipline, queueKit, type FlowOrder, type QueueKitOptions } from './queue/queue-kit.js';
export { type FairPair } from './queue/queue-fairness.js';
export {
  describeEngineAdapter,
  engineKit,
  type EngineFixture,
  type EngineFixturePrompts,
  type EngineUnderTest,
} from './engine/engine-kit.js';
