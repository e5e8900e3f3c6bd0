import { describePlacementStrategy } from '@llama-orch/plugin-sdk/conformance';
import roundRobin from '../src/index.js';

describe('the placement contract (ORCH-3008, OC-CORE-1010)', () => {
  describePlacementStrategy(roundRobin);
});
