import { SchedulerRig } from '../../test/support/scheduler-rig.js';
import { AppError } from '../kernel/errors.js';
import { type SessionId } from '../kernel/ids.js';
import { type Task } from '../tasks/task.js';
import { SessionGate } from './session-gate.js';

const ADMISSION = { priorities: [{ name: 'batch', queue_capacity: 1 }] };
const ID = '0198f1d2-7c3a-7b21-8f3e-000000000001' as SessionId;

async function gateAndRig(budgets: object = {}): Promise<{ gate: SessionGate; rig: SchedulerRig; enter: () => Task }> {
  const rig = await SchedulerRig.ready({
    budgets: { ...budgets },
    pool: { queue: { capacity: 1 }, admission: ADMISSION },
  });
  const gate = new SessionGate(rig.sessions, rig.scheduler);
  const enter = () => {
    const task = rig.task({ sessionId: ID });
    gate.pass(task, () => rig.scheduler.submit(task));
    rig.tasks.push(task);
    return task;
  };
  return { gate, rig, enter };
}

function refusalOf(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a turn of a session', () => {
  it('is taken back when its task could not be stored, before anybody was told (ORCH-4604, ORCH-4407)', async () => {
    const { rig, gate, enter } = await gateAndRig({ tokens: 1000 });
    const lost = enter();
    rig.scheduler.cancel(lost, 'client');
    gate.withdraw(lost);
    expect(rig.sessions.find('default', ID)).toBeUndefined();
    const task = enter();
    expect(task.session).toMatchObject({ turns: 1 });
    expect(task.session!.account!.reservations.size).toBe(1);
  });

  it('is not counted for a task that the queue refuses, and nothing is reserved for it (ORCH-4401, ORCH-4407)', async () => {
    const { rig, enter } = await gateAndRig({ tokens: 1000 });
    const { session } = enter();
    rig.submit();
    expect(refusalOf(enter).code).toBe('ADMISSION_REJECT');
    expect([session!.turns, session!.account!.reservations.size]).toEqual([1, 1]);
  });

  it('that the budget cannot cover leaves no session behind (ORCH-3099)', async () => {
    const { rig, enter } = await gateAndRig({ tokens: 3 });
    expect(refusalOf(enter)).toMatchObject({ code: 'BUDGET_EXHAUSTED', members: { limit: { used: 0, value: 3 } } });
    expect([rig.sessions.find('default', ID), rig.store.records.size]).toEqual([undefined, 0]);
  });
});
