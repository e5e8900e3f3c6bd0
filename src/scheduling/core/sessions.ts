import { type SessionKey } from '../../kernel/ids.js';
import { type Amounts, type Shortfall, refund, reserve, settle, shortfallOf } from '../../sessions/ledger.js';
import { type CoreSession, type CoreTask, type SchedulerEvent, type SchedulerState } from './model.js';

type EventOf<Type extends SchedulerEvent['type']> = Extract<SchedulerEvent, { type: Type }>;
type Submitted = EventOf<'submitted'>;

export function openSession(state: SchedulerState, event: EventOf<'session-opened'>): void {
  const { account, lastReplica } = event;
  state.sessions.set(event.session, { account, lastReplica });
}

/** Why the newcomer cannot be paid for; undefined when it can, or when nobody counts. */
export function unaffordable(state: SchedulerState, { session }: Submitted): Shortfall | undefined {
  const account = sessionOf(state, session?.key)?.account;
  if (account === undefined || session?.budget === undefined) return undefined;
  return shortfallOf(account, session.budget.least);
}

/** What the core keeps of an accepted task's session; its budget is reserved here and nowhere else. */
export function joinSession(
  state: SchedulerState,
  { key, session }: Pick<Submitted, 'key' | 'session'>,
): CoreTask['session'] {
  const joined = sessionOf(state, session?.key);
  if (session === undefined || joined === undefined) return undefined;
  if (joined.account !== undefined && session.budget !== undefined) reserve(joined.account, key, session.budget.ask);
  return { session: joined, reuse: session.reuse };
}

/** Books what a task has used so far; true when it has to stop, because nothing is left. */
export function bookUse(task: CoreTask, { amounts }: Pick<EventOf<'used'>, 'amounts'>): boolean {
  const account = task.session?.session.account;
  return account !== undefined && settle(account, task.key, amounts).brake;
}

/** It ran to its end, so nothing of it has to be stopped, however much it was. */
export function bookLastUse({ key, session }: CoreTask, amounts: Amounts): void {
  if (session?.session.account !== undefined) settle(session.session.account, key, amounts, 'last');
}

/** The task has ended: what it did not use belongs to its session again. */
export function leaveSession({ key, session }: CoreTask): void {
  if (session?.session.account !== undefined) refund(session.session.account, key);
}

/** The replica that brought the first token holds the session's cache. */
export function rememberReplica(state: SchedulerState, { lease, session, size }: CoreTask): void {
  const held = lease === undefined ? undefined : state.leases.get(lease);
  if (session === undefined || held === undefined) return;
  session.session.lastReplica = held.replica.id;
  if (size !== undefined) session.session.warm = { replica: held.replica, tokens: size.promptTokens };
}

/** Where a task wants to run before any ranking is asked. */
export function wishOf({ session }: CoreTask): string | undefined {
  return session?.reuse ? session.session.lastReplica : undefined;
}

function sessionOf(state: SchedulerState, key: SessionKey | undefined): CoreSession | undefined {
  return key === undefined ? undefined : state.sessions.get(key);
}
