import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { type FaultMoment, FaultyStore } from '../../test/support/faulty-store.js';
import { LocalStore } from '../../test/support/local-store.js';
import { type Disk, SchedulerRig, eventsOf, framesOf } from '../../test/support/scheduler-rig.js';
import { type SessionId } from '../kernel/ids.js';
import { SqliteSessionStore } from '../persistence/sessions/sqlite-session-store.js';
import { SqliteAnswerStore, SqliteTaskStore } from '../persistence/tasks/sqlite-task-store.js';
import { type Store } from '../persistence/store/store.js';
import { type Task } from './task.js';

const SESSION = '0198f1d2-7c3a-7b21-8f3e-000000000001' as SessionId;
const ORIGIN = { correlationId: 'c', clientId: undefined, userAgent: undefined };
const ANSWER = { name: 'call', digest: 'd', answer: '{}', expiresMs: Number.MAX_SAFE_INTEGER };
const BUDGETS = { tokens: 100 };

let folder: string;
let inner: LocalStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-task-faults-'));
  inner = await LocalStore.open(folder);
});
afterEach(async () => {
  await inner.close();
  rmSync(folder, { recursive: true, force: true });
});

const diskOn = async (store: Store): Promise<Disk> => ({
  tasks: new SqliteTaskStore(store),
  sessions: await SqliteSessionStore.on(store),
});

/** One task of a session from its call to its end, and what its caller was told. */
async function live(
  store: Store,
  clock: FakeClock,
): Promise<{ readonly task: Task; readonly told: 'accepted' | 'refused' }> {
  const rig = await SchedulerRig.ready({ disk: await diskOn(store), clock, budgets: BUDGETS });
  const task = rig.task({ sessionId: SESSION, maxTokens: 10 });
  task.session = rig.sessions.named('default', SESSION, ORIGIN);
  rig.scheduler.submit(task);
  const told = await rig.journal!.accept(task, [ANSWER]).then(
    () => 'accepted' as const,
    () => 'refused' as const,
  );
  if (told === 'refused') {
    rig.scheduler.cancel(task, 'client');
    rig.sessions.withdraw(task.session);
  } else {
    rig.runOf(task).tokens('a', 'b');
    await clock.advance(60);
    rig.runOf(task).tokens('c');
    rig.runOf(task).end();
  }
  await task.log.ended();
  await rig.journal!.settled();
  await rig.sessions.tryWrite();
  // Whatever is tried again later has its chance.
  await clock.advance(2_000);
  await rig.journal!.settled();
  return { task, told };
}

describe('A task whose n-th store operation fails', () => {
  it.each<FaultMoment>(['before', 'after'])(
    '%s it took effect is there whole, or not at all (F-07, ORCH-4210)',
    async (moment) => {
      const healthy = new FaultyStore(inner);
      await live(healthy, new FakeClock());
      const { count } = healthy;
      expect(count).toBeGreaterThanOrEqual(5);
      for (let n = 1; n <= count; n++) {
        await inner.close();
        rmSync(folder, { recursive: true, force: true });
        folder = mkdtempSync(join(tmpdir(), 'llama-orch-task-faults-'));
        inner = await LocalStore.open(folder);
        await lifeWithFault(n, moment);
      }
    },
  );
});

async function lifeWithFault(n: number, moment: FaultMoment): Promise<void> {
  const clock = new FakeClock();
  const faulty = new FaultyStore(inner);
  faulty.failAt(n, moment);
  const lived = await live(faulty, clock).catch(() => undefined);
  // What is read at the start can fail too: then nothing was begun.
  const after = await SchedulerRig.ready({ disk: await diskOn(inner), clock, budgets: BUDGETS });
  await settle();
  const stored = lived && after.registry.get(lived.task.key);
  const remembered = await new SqliteAnswerStore(inner).find(ANSWER.name);
  const session = after.sessions.find('default', SESSION);
  const what = `operation ${n} (${faulty.operations[n - 1]}) failed ${moment}`;
  if (lived?.told !== 'accepted') {
    expect({ what, stored, remembered, turns: session?.turns }).toEqual({ what });
    return;
  }
  expect({ what, state: stored?.state, answer: remembered?.answer }).toEqual({
    what,
    state: 'completed',
    answer: '{}',
  });
  expect({ what, turns: session?.turns, used: session?.account?.used.tokens }).toEqual({ what, turns: 1, used: 6 });
  const log = after.registry.endedLogOf(await new SqliteTaskStore(inner).framesOf(lived.task.key));
  const frames = framesOf({ log } as Task);
  expect({ what, events: frames.map(({ event }) => event) }).toEqual({ what, events: eventsOf(lived.task) });
}
