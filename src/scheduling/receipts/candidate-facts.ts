import { type PlacementCandidate } from '@llama-orch/plugin-sdk';
import { type CorePool } from '../core/model.js';

const NAMES = ['freeVramBytes', 'rates', 'dispatches', 'warmTokens'] as const;
type FactName = (typeof NAMES)[number];
type Column = readonly PlacementCandidate[FactName][];

/** What was known of candidates beyond slots and labels: a column per fact, in their order. A fact that none has is absent. */
export interface FactColumns {
  readonly columns: Readonly<Partial<Record<FactName, Column>>>;
  /** Memory that no other snapshot shares. */
  readonly ownBytes: number;
}

const NOTHING: FactColumns = { columns: {}, ownBytes: 0 };
const BYTES_PER_ENTRY = 8;

/** Keeps the facts of candidates. What stays as it was from one dispatch of a pool to the next is kept once. */
export class Facts {
  private readonly last = new WeakMap<CorePool, Map<FactName, Column>>();

  of(pool: CorePool, candidates: readonly PlacementCandidate[]): FactColumns {
    const present = NAMES.filter((name) => candidates.some((candidate) => candidate[name] !== undefined));
    if (present.length === 0) return NOTHING;
    let ownBytes = 0;
    const columns = present.map((name) => {
      const column = candidates.map((candidate) => candidate[name]);
      const shared = this.sharedOr(pool, name, column);
      if (shared === column) ownBytes += BYTES_PER_ENTRY * column.length;
      return [name, shared] as const;
    });
    return { columns: Object.fromEntries(columns), ownBytes };
  }

  /** The pool's last column when nothing has changed, else this one. */
  private sharedOr(pool: CorePool, name: FactName, column: Column): Column {
    const known = this.last.get(pool) ?? new Map<FactName, Column>();
    this.last.set(pool, known);
    const last = known.get(name);
    if (last?.length === column.length && last.every((value, at) => value === column[at])) return last;
    known.set(name, column);
    return column;
  }
}

/** The facts of the candidate at this place; those that were not known are absent. */
export function factsAt({ columns }: FactColumns, place: number): Partial<Pick<PlacementCandidate, FactName>> {
  const known = Object.entries(columns).filter(([, column]) => column[place] !== undefined);
  return Object.fromEntries(known.map(([name, column]) => [name, column[place]]));
}
