import { definePlacementStrategy, fitMostFree, z } from '@llama-orch/plugin-sdk';
import { rankByMemory } from './rank.js';

/** Sends a task, and a new replica, to where most memory is free. */
export default definePlacementStrategy({
  id: 'most-free-vram',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: z.strictObject({}),
  create: () => ({
    needs: ['memory'],
    rank: (_task, candidates) => rankByMemory(candidates),
    fit: fitMostFree,
  }),
});
