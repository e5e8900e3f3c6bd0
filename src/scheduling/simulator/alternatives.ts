import { type FleetConfig, type FleetPool } from '../../config/index.js';
import { type FullPolicy } from '../core/model.js';

/** A fleet under one of the settings that are compared. */
export interface Alternative {
  readonly name: string;
  readonly fleet: FleetConfig;
}

const POLICIES: readonly string[] = ['reject', 'drop-lru', 'shed-low-priority'] satisfies FullPolicy[];
const MOST = 12;

/** How each key that can be compared changes a fleet. Throws an Error that says which values it takes. */
const CHANGES: Readonly<Record<string, (fleet: FleetConfig, value: string) => FleetConfig>> = {
  discipline: (fleet, value) => withScheduler(fleet, { discipline: value, options: optionsFor(fleet, value) }),
  placement: (fleet, value) => withScheduler(fleet, { placement: value }),
  queue: (fleet, value) => withPools(fleet, (pool) => withCapacity(pool, capacityOf(value))),
  policy: (fleet, value) => withPools(fleet, (pool) => withPolicy(pool, policyOf(value))),
};

/**
 * The fleets of `key=one,other`; the fleet alone without it.
 * @throws Error that says what is wrong
 */
export function alternativesOf(compare: string | undefined, fleet: FleetConfig): readonly Alternative[] {
  if (compare === undefined) return [{ name: 'as it is', fleet }];
  const [key = '', values = ''] = compare.split('=', 2);
  const change = Object.hasOwn(CHANGES, key) ? CHANGES[key] : undefined;
  const names = values.split(',').filter((value) => value !== '');
  if (change === undefined) throw new Error(`can compare ${Object.keys(CHANGES).join(', ')}`);
  if (names.length < 2 || names.length > MOST) throw new Error(`give 2 to ${MOST} values, such as ${key}=one,other`);
  return names.map((name) => ({ name, fleet: change(fleet, name) }));
}

/** Options belong to the discipline that the file names. */
function optionsFor({ scheduler }: FleetConfig, discipline: string): Record<string, unknown> {
  return scheduler.discipline === discipline ? scheduler.options : {};
}

function withScheduler(fleet: FleetConfig, change: Partial<FleetConfig['scheduler']>): FleetConfig {
  return { ...fleet, scheduler: { ...fleet.scheduler, ...change } };
}

function withPools(fleet: FleetConfig, change: (pool: FleetPool) => FleetPool): FleetConfig {
  return { ...fleet, pools: fleet.pools.map(change) };
}

/** Classes keep their share of the queue. */
function withCapacity(pool: FleetPool, capacity: number): FleetPool {
  const scale = capacity / pool.queue.capacity;
  const priorities = pool.admission.priorities.map((entry) => ({
    ...entry,
    queue_capacity: Math.max(1, Math.round(entry.queue_capacity * scale)),
  }));
  return { ...pool, queue: { ...pool.queue, capacity }, admission: { ...pool.admission, priorities } };
}

function withPolicy(pool: FleetPool, full_policy: FullPolicy): FleetPool {
  const priorities = pool.admission.priorities.map((entry) => ({ ...entry, full_policy }));
  return { ...pool, queue: { ...pool.queue, full_policy }, admission: { ...pool.admission, priorities } };
}

function capacityOf(value: string): number {
  const capacity = Number(value);
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1_000_000)
    throw new Error(`"${value}" is no capacity; a queue holds 1 to 1000000 tasks`);
  return capacity;
}

function policyOf(value: string): FullPolicy {
  if (!POLICIES.includes(value)) throw new Error(`"${value}" is no policy; policies are ${POLICIES.join(', ')}`);
  return value as FullPolicy;
}
