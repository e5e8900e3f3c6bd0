export {
  type Check,
  type CheckResult,
  type Kit,
  type Reporter,
  type Skip,
  type TestRunner,
  describeKit,
  runKit,
} from './kit.js';
export { oneAtATime } from './one-at-a-time.js';
export {
  KIT_VERSION,
  type Report,
  type ReportCheck,
  type ReportPlace,
  type ReportRun,
  reportRun,
  toMarkdown,
} from './report.js';
export { type PluginSubject } from './plugin-checks.js';
export { describeGpuProbe, gpuKit, type GpuFixture, type GpuSource } from './gpu/gpu-kit.js';
export { describeSearchProvider, searchKit, type SearchFixture } from './search/search-kit.js';
export {
  describeModelSource,
  sourceKit,
  type OfferedModel,
  type SourceFixture,
  type SourceServer,
} from './source/source-kit.js';
export { describePlacementStrategy, placementKit, type PlacementKitOptions } from './placement/placement-kit.js';
export { describeQueueDiscipline, queueKit, type FlowOrder, type QueueKitOptions } from './queue/queue-kit.js';
export { type FairPair } from './queue/queue-fairness.js';
export {
  describeEngineAdapter,
  engineKit,
  type ControlPrompt,
  type EngineFixture,
  type EngineFixturePrompts,
  type EngineUnderTest,
} from './engine/engine-kit.js';
export {
  type EngineWire,
  type WireEnd,
  type WireMetrics,
  type WireReply,
  type WireRequest,
  type WireSample,
  type WireStates,
  type WireToken,
  type WireUsage,
} from './engine/wire/engine-wire.js';
export { parseRecording, readRecordings, type Recording } from './engine/wire/recordings.js';
