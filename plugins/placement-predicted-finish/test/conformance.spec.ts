import { describePlacementStrategy } from '@llama-orch/plugin-sdk/conformance';
import predictedFinish from '../src/index.js';

describe('the placement contract (ORCH-3008, OC-CORE-1010)', () => {
  describePlacementStrategy(predictedFinish);
});
