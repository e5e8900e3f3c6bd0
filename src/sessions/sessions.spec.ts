import { FakeClock } from '../../test/support/fake-clock.js';
import { MemorySessionStore } from '../../test/support/memory-session-store.js';
import { QuietLogger } from '../../test/support/quiet-logger.js';
import { type ReplicaId, type SessionId, type TaskKey } from '../kernel/ids.js';
import { Metrics } from '../observability/metrics.js';
import { reserve, settle } from './ledger.js';
import { type Session } from './session.js';
import { SessionTelemetry } from './session-telemetry.js';
import { Sessions } from './sessions.js';
import { Tariff } from './tariff.js';

const TTL = 600_000;
const ORIGIN = { correlationId: 'c', clientId: undefined, userAgent: undefined };
const idOf = (name: string) => name as SessionId;
const taskOf = (name: string) => `default/${name}` as TaskKey;
const replica = (name: string, epoch = 1) => ({ id: name as ReplicaId, epoch });

class Rig {
  readonly opened: string[] = [];
  readonly removed: string[] = [];
  readonly sessions: Sessions;

  constructor(
    readonly clock = new FakeClock(),
    readonly store = new MemorySessionStore(),
    tokens?: number,
  ) {
    const logger = new QuietLogger();
    const tariff = new Tariff({ mode: 'enforce', tokens, price_input: 0, price_output: 0 });
    const telemetry = new SessionTelemetry(new Metrics(), logger, tariff.isActive);
    this.sessions = new Sessions({ clock, store, tariff, telemetry, limits: { ttlMs: TTL, maxTurns: 8 } });
    this.sessions.start({
      sessionOpened: ({ id }) => this.opened.push(id),
      sessionRemoved: ({ id }) => this.removed.push(id),
    });
  }

  /** One task of a session, from its acceptance to its end. */
  turn(id: string, task = `${id}-${this.store.writes}`): Session {
    const session = this.begin(id, task);
    this.sessions.ended(session, taskOf(task));
    return session;
  }

  begin(id: string, task: string): Session {
    const session = this.sessions.named('default', idOf(id), ORIGIN);
    this.sessions.accepted(session, taskOf(task));
    return session;
  }

  has(id: string): boolean {
    return this.sessions.find('default', idOf(id)) !== undefined;
  }
}

describe('the time of a session', () => {
  it('ends exactly one TTL after its last task ended (ORCH-3021, ORCH-4604)', () => {
    const { clock, ...rig } = withRig();
    rig.begin('s', 'a');
    clock.leap(5 * TTL);
    expect(rig.has('s')).toBe(true);
    rig.end('s', 'a');
    clock.leap(TTL - 1);
    expect(rig.has('s')).toBe(true);
    clock.leap(1);
    expect([rig.has('s'), rig.removed]).toEqual([false, ['s']]);
  });

  it('begins anew at each accepted task, not when it is read (ORCH-4604)', () => {
    const rig = new Rig();
    rig.turn('s');
    rig.clock.leap(TTL - 1);
    rig.turn('s');
    for (let count = 0; count < 3; count++) {
      rig.clock.leap(TTL / 4);
      expect(rig.has('s')).toBe(true);
    }
    rig.clock.leap(TTL / 4);
    expect(rig.has('s')).toBe(false);
  });

  it('ends by itself, with one timer for all (ORCH-3021)', () => {
    const rig = new Rig();
    for (const id of ['s', 't', 'u']) rig.turn(id);
    rig.clock.leap(1_000);
    rig.turn('s');
    rig.clock.leap(TTL - 500);
    expect(rig.removed).toEqual(['t', 'u']);
    rig.clock.leap(TTL);
    expect([rig.removed, rig.clock.pending]).toEqual([['t', 'u', 's'], 0]);
  });

  it('is not moved by a jump of the wall clock (ORCH-4604)', () => {
    const rig = new Rig();
    rig.turn('s');
    rig.clock.jumpWall(10 * TTL);
    expect(rig.has('s')).toBe(true);
  });
});

describe('sessions over a restart', () => {
  it('keep turns, use, time left and the last replica; their cache counts as cold (ORCH-4604)', () => {
    const before = new Rig(undefined, undefined, 100);
    const session = before.begin('s', 'a');
    reserve(session.account!, taskOf('a'), { tokens: 60, timeMs: 0, cost: 0 });
    settle(session.account!, taskOf('a'), { tokens: 17, timeMs: 0, cost: 0 });
    before.sessions.warmedUp(session, replica('p-1'), 1);
    before.sessions.ended(session, taskOf('a'));
    before.clock.leap(1_000);
    void before.sessions.close();
    const after = new Rig(before.clock, before.store, 100);
    const found = after.sessions.find('default', idOf('s'))!;
    expect([found.turns, found.lastReplica, found.kvWarmth]).toEqual([1, 'p-1', false]);
    expect([found.account?.used.tokens, after.sessions.ttlMsRemaining(found)]).toEqual([17, TTL - 1_000]);
    expect(after.opened).toEqual(['s']);
  });

  it('get their whole time again when a task was lost with the daemon, and nothing stays reserved (ORCH-4407)', () => {
    const before = new Rig(undefined, undefined, 100);
    const session = before.begin('s', 'a');
    reserve(session.account!, taskOf('a'), { tokens: 100, timeMs: 0, cost: 0 });
    void before.sessions.write();
    // The process is killed: nobody closes anything.
    before.clock.leap(2 * TTL);
    const after = new Rig(before.clock, before.store, 100);
    const found = after.sessions.find('default', idOf('s'))!;
    expect([after.sessions.ttlMsRemaining(found), found.account?.reservations.size]).toEqual([TTL, 0]);
  });

  it('that expired meanwhile are gone, on the disk too (ORCH-4604)', () => {
    const before = new Rig();
    before.turn('s');
    void before.sessions.close();
    before.clock.jumpWall(2 * TTL);
    const after = new Rig(before.clock, before.store);
    expect(after.has('s')).toBe(false);
    after.clock.leap(250);
    expect(before.store.records.size).toBe(0);
  });
});

describe('writing sessions', () => {
  it('happens at most 250 ms after a change, all changes together (ORCH-4407)', () => {
    const rig = new Rig();
    for (const id of ['s', 't', 'u']) rig.turn(id);
    expect(rig.store.writes).toBe(0);
    rig.clock.leap(250);
    expect([rig.store.writes, rig.store.records.size]).toEqual([1, 3]);
    rig.clock.leap(10_000);
    expect(rig.store.writes).toBe(1);
  });

  it('goes on when the disk takes it again (ORCH-4604)', async () => {
    const rig = new Rig();
    rig.store.full = true;
    rig.turn('s');
    await expect(rig.sessions.write()).rejects.toThrow('full');
    await rig.clock.advance(1_000);
    rig.store.full = false;
    await rig.clock.advance(250);
    expect(rig.store.records.size).toBe(1);
  });
});

describe('the cache of a session', () => {
  it('is on as many replicas as have a free slot for it, the least recently used idle one going first (ORCH-3022)', () => {
    const rig = new Rig();
    const [s, t, u] = ['s', 't', 'u'].map((id) => rig.turn(id));
    for (const one of [s!, t!]) rig.sessions.warmedUp(one, replica('p-0'), 2);
    rig.sessions.warmedUp(s!, replica('p-0'), 2);
    rig.sessions.warmedUp(u!, replica('p-0'), 2);
    expect([s, t, u].map((one) => one!.kvWarmth)).toEqual([true, false, true]);
  });

  it('is gone with the process that held it, and with its next start (ORCH-3023)', () => {
    const rig = new Rig();
    const [s, t] = ['s', 't'].map((id) => rig.turn(id));
    rig.sessions.warmedUp(s!, replica('p-0'), 2);
    rig.sessions.warmedUp(t!, replica('p-1'), 2);
    rig.sessions.replicaLost('p-0' as ReplicaId);
    rig.sessions.warmedUp(rig.turn('u'), replica('p-1', 2), 2);
    expect([s!.kvWarmth, t!.kvWarmth, s!.lastReplica]).toEqual([false, false, 'p-0']);
  });

  it('is in one place: a task elsewhere leaves the old one cold (ORCH-3023)', () => {
    const rig = new Rig();
    const session = rig.turn('s');
    rig.sessions.warmedUp(session, replica('p-0'), 1);
    rig.sessions.warmedUp(session, replica('p-1'), 1);
    rig.sessions.replicaLost('p-0' as ReplicaId);
    expect([session.kvWarmth, session.warmOn?.id]).toEqual([true, 'p-1']);
  });
});

/** A rig with a shorthand for ends. */
function withRig() {
  const rig = new Rig();
  return {
    clock: rig.clock,
    removed: rig.removed,
    has: (id: string) => rig.has(id),
    begin: (id: string, task: string) => rig.begin(id, task),
    end: (id: string, task: string) => rig.sessions.ended(rig.sessions.find('default', idOf(id))!, taskOf(task)),
  };
}
