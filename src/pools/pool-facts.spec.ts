import { OnDemandRig } from '../../test/support/on-demand-rig.js';
import { poolModel } from './model-ref.js';

const FACTS = {
  ...{ pool_id: 'a', engine: 'fake', engine_version: 'fake-1', model_id: 'model-a' },
  ...{ device_mask: [], restart_count: 0, cpu: false },
};

async function servingRig(): Promise<OnDemandRig> {
  const rig = await OnDemandRig.start({ pools: { a: { serviceMs: 100 } } });
  rig.submit('a');
  await rig.clock.advance(2000);
  return rig;
}

describe('Log lines about a pool', () => {
  it('of a drain carry what is known of the pool (ORCH-3094, ORCH-2101)', async () => {
    const rig = await servingRig();
    rig.pools.drain(rig.pool('a'), 1000);
    await rig.clock.advance(100);
    expect(rig.logger.of('drain').map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ ...FACTS, deadline_ms: 1000 }),
      expect.objectContaining({ ...FACTS, ended_tasks: 0 }),
    ]);
    await rig.stop();
  });

  it('of a reload that came to nothing are warnings and name the step (ORCH-3094, ORCH-4502)', async () => {
    const rig = await servingRig();
    const request = { model: poolModel('file:/nowhere/b.gguf'), deadlineMs: 0, digest: undefined };
    await expect(rig.pools.reload(rig.pool('a'), request)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(rig.logger.of('reload').at(-1)).toMatchObject({ level: 'warn', fields: { ...FACTS, step: 'resolve' } });
    await rig.stop();
  });
});
