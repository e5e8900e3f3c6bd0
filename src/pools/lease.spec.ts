import { DESCRIPTION } from '../../test/support/fake-engine.js';
import { type EngineConnection } from '@llama-orch/plugin-sdk';
import { poolId, replicaId } from '../kernel/ids.js';
import { Lease } from './lease.js';

it('gives a slot back once, however often it is released (ORCH-4505)', () => {
  let returned = 0;
  const lease = new Lease(replicaId(poolId('p'), 0), 1, {} as EngineConnection, DESCRIPTION, () => returned++);
  lease.release();
  lease.release();
  expect(returned).toBe(1);
});
