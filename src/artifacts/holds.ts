import { type ArtifactId } from './artifact-id.js';

interface Hold {
  users: number;
  /** Settles when the removal that is under way is over. */
  removal: Promise<void> | undefined;
}

/** Which contents are being written or read. They are not removed then, and who comes during a removal waits for its end. */
export class Holds {
  private readonly holds = new Map<ArtifactId, Hold>();

  /** Nobody removes the content while `use` is under way. */
  async during<Result>(id: ArtifactId, use: () => Promise<Result>): Promise<Result> {
    const hold = this.holdOf(id);
    hold.users++;
    try {
      while (hold.removal !== undefined) await hold.removal;
      return await use();
    } finally {
      hold.users--;
      this.forget(id, hold);
    }
  }

  /** Runs `remove` when nobody uses the content; false when somebody does. */
  async unlessUsed(id: ArtifactId, remove: () => Promise<boolean>): Promise<boolean> {
    const hold = this.holdOf(id);
    if (hold.users > 0 || hold.removal !== undefined) return false;
    const removal = remove();
    hold.removal = removal.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await removal;
    } finally {
      hold.removal = undefined;
      this.forget(id, hold);
    }
  }

  private holdOf(id: ArtifactId): Hold {
    const known = this.holds.get(id);
    if (known !== undefined) return known;
    const hold: Hold = { users: 0, removal: undefined };
    this.holds.set(id, hold);
    return hold;
  }

  private forget(id: ArtifactId, hold: Hold): void {
    if (hold.users === 0 && hold.removal === undefined) this.holds.delete(id);
  }
}
