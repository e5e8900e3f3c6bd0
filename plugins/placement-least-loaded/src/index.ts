import { definePlacementStrategy, z } from '@llama-orch/plugin-sdk';
import { rankByLoad } from './rank.js';

/** Sends a task to the replica with the smallest share of busy slots. */
export default definePlacementStrategy({
  id: 'least-loaded',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: z.strictObject({}),
  create: () => ({ rank: (_task, candidates) => rankByLoad(candidates) }),
});
