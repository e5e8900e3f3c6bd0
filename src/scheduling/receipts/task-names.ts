import { type TaskKey } from '../../kernel/ids.js';

/** Names of tasks as one tenant may read them: its own by id, those of others by a number that holds in one receipt. */
export class TaskNames {
  private readonly tenant: string;
  private readonly others = new Map<string, string>();

  /** @param owner the task that the receipt is about */
  constructor(owner: TaskKey) {
    this.tenant = split(owner).tenant;
  }

  of(key: string): string {
    const { tenant, id } = split(key);
    if (tenant === this.tenant) return id;
    const known = this.others.get(key) ?? `another-${this.others.size + 1}`;
    this.others.set(key, known);
    return known;
  }
}

function split(key: string): { readonly tenant: string; readonly id: string } {
  const at = key.lastIndexOf('/');
  return { tenant: key.slice(0, Math.max(0, at)), id: key.slice(at + 1) };
}
