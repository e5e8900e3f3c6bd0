import { type DispatchReceipt } from '@llama-orch/client';
import predictedFinish from '@llama-orch/placement-predicted-finish';
import { type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { settle } from '../../../test/support/fake-clock.js';
import { SchedulerRig } from '../../../test/support/scheduler-rig.js';
import { type Task } from '../../tasks/task.js';

const strategy = predictedFinish.create({}, { log: () => {} }) as PlacementStrategy;
const POOL = { replicas: 2, slots: 2, perf: { prefill_tps: 800, decode_tps: 16 } };

/** A task that writes `tokens` tokens, one each `msPerToken`, and ends unless it is cut off. */
async function write(rig: SchedulerRig, tokens: number, msPerToken: number, cutOff = false): Promise<Task> {
  const task = rig.submit({ expectedTokens: 40 });
  await settle();
  for (let token = 0; token < tokens; token++) {
    rig.runOf(task).tokens('x');
    await settle();
    await rig.clock.advance(msPerToken);
  }
  if (cutOff) rig.scheduler.cancel(task, 'client');
  else rig.runOf(task).end();
  await settle();
  return task;
}

function dispatchOf(rig: SchedulerRig, task: Task): DispatchReceipt {
  return rig.receipts.of(task.key).find((receipt) => receipt.kind === 'dispatch')!;
}

describe('rates that the scheduler learns', () => {
  it('are offered to the strategy: declared ones first, then those of finished runs (ORCH-4406, ORCH-1103)', async () => {
    const rig = await SchedulerRig.ready({ strategy, pool: POOL });
    const first = dispatchOf(rig, await write(rig, 41, 25));
    const second = dispatchOf(rig, await write(rig, 41, 25));
    const declared = { prefill_tps: 800, decode_tps: 16, slowdown: 0, uncertainty: 1 };
    expect(first.candidates.map(({ rates }) => rates)).toEqual([declared, declared]);
    expect(first.inputs.size).toEqual({ prompt_tokens: 3, expected_tokens: 40 });
    const [own, like] = second.candidates.map(({ rates }) => rates!);
    expect(own!.decode_tps).toBeGreaterThan(28);
    expect(own!.uncertainty).toBeLessThan(0.6);
    // The other one has not run, but is of the same kind.
    expect(like!.decode_tps).toBeGreaterThan(24);
    expect(like!.uncertainty).toBeGreaterThan(own!.uncertainty);
    await rig.pools.stop();
  });

  it('are none of a run that was cut off (ORCH-4406)', async () => {
    const rig = await SchedulerRig.ready({ strategy, pool: { ...POOL, replicas: 1 } });
    await write(rig, 41, 1, true);
    const after = dispatchOf(rig, await write(rig, 1, 1));
    expect(after.candidates[0]!.rates).toMatchObject({ decode_tps: 16, uncertainty: 1 });
    await rig.pools.stop();
  });
});

describe('free memory', () => {
  it('is offered to the strategy as it was last told (ORCH-3012, ORCH-1103)', async () => {
    const byMemory: PlacementStrategy = { needs: ['memory'], rank: () => [] };
    const rig = await SchedulerRig.ready({ strategy: byMemory, pool: POOL });
    const [replica] = rig.pool.replicas;
    replica!.freeVramBytes = 7e9;
    rig.scheduler.memoryChanged(rig.pool, replica!);
    const task = rig.submit();
    await settle();
    expect(dispatchOf(rig, task).candidates.map(({ free_vram_bytes }) => free_vram_bytes)).toEqual([7e9, undefined]);
    await rig.pools.stop();
  });
});
