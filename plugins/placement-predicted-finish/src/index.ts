import { definePlacementStrategy, z } from '@llama-orch/plugin-sdk';
import { rankByFinish } from './rank.js';

/** Sends a task to the replica that will probably finish it first. */
export default definePlacementStrategy({
  id: 'predicted-finish',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: z.strictObject({}),
  create: () => ({ needs: ['rates', 'warmth'], rank: rankByFinish }),
});
