import { type ReplicaStart, type Session } from './session.js';

/** Whoever used a slot of a replica: a session, or a task outside sessions. */
type Occupant = Session | undefined;

interface Residents {
  readonly epoch: number;
  /** Least recently used first. */
  readonly occupants: Occupant[];
}

/**
 * Which sessions still have their KV cache, and where. A slot holds the cache of whoever used it last, so a replica keeps
 * as many as it has slots; the least recently used idle one goes first.
 */
export class Residency {
  private readonly replicas = new Map<string, Residents>();

  /** A task of `session`, or one outside sessions, brought its first token on a replica with `slots` slots. */
  took({ id, epoch }: ReplicaStart, slots: number, session: Occupant): void {
    const { occupants } = this.at({ id, epoch });
    const known = session === undefined ? -1 : occupants.indexOf(session);
    if (known >= 0) occupants.splice(known, 1);
    while (occupants.length >= Math.max(1, slots)) release(occupants, id);
    occupants.push(session);
    if (session === undefined) return;
    this.forget(session, id);
    session.warmOn = { id, epoch };
  }

  /** The process behind a replica is gone, and every cache with it. */
  lost(id: string): void {
    for (const session of this.replicas.get(id)?.occupants ?? []) if (session?.warmOn?.id === id) cool(session);
    this.replicas.delete(id);
  }

  /** The cache of a session is of no use any more. */
  forget(session: Session, except?: string): void {
    const { warmOn } = session;
    cool(session);
    if (warmOn === undefined || warmOn.id === except) return;
    const occupants = this.replicas.get(warmOn.id)?.occupants;
    const at = occupants?.indexOf(session) ?? -1;
    if (at >= 0) occupants!.splice(at, 1);
  }

  private at({ id, epoch }: ReplicaStart): Residents {
    const known = this.replicas.get(id);
    if (known?.epoch === epoch) return known;
    this.lost(id);
    const fresh = { epoch, occupants: [] };
    this.replicas.set(id, fresh);
    return fresh;
  }
}

/** An idle one goes first; when all are busy, the slots that they hold are counted by the replica, not here. */
function release(occupants: Occupant[], id: string): void {
  const idle = occupants.findIndex((one) => one === undefined || one.openTasks.size === 0);
  const [gone] = occupants.splice(Math.max(0, idle), 1);
  if (gone?.warmOn?.id === id) cool(gone);
}

function cool(session: Session): void {
  session.warmOn = undefined;
}
