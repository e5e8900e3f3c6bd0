import { type CreateTask } from '@llama-orch/client';
import { type EngineDescription } from '@llama-orch/plugin-sdk';
import { AppError, type Violation, invalidParams } from '../kernel/errors.js';
import { nearNames } from '../kernel/near-names.js';
import { type Pool } from '../pools/pool.js';

const MOCK = 'mock';

/** Pools that serve the model. @throws AppError 404 with near names when none does */
export function poolsWithModel(modelRef: string, pools: readonly Pool[]): readonly Pool[] {
  const found = pools.filter((pool) => pool.modelNames.includes(modelRef));
  if (found.length > 0) return found;
  // Ids alone: a ref can hold a path of the host.
  const names = [...new Set(pools.map((pool) => pool.model.id))];
  const near = nearNames(modelRef, names);
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `served are: ${names.join(', ')}`;
  throw new AppError('NOT_FOUND', `no pool serves model ${shortened(modelRef)}; ${hint}`, {
    members: { engine: null },
  });
}

/**
 * Narrows the pools to those that can take the task: engine, labels, workload, profile, parameters, determinism.
 * @throws AppError `INVALID_PARAMS` that names the demand which removed the last pool
 */
export function candidatePools(body: CreateTask, pools: readonly Pool[]): readonly Pool[] {
  let left = pools;
  for (const demand of DEMANDS) {
    const next = left.filter((pool) => demand.met(body, pool));
    if (next.length === 0) throw invalidParams(demand.violations(body, left), { engine: left[0]?.engine ?? null });
    left = next;
  }
  return preferExact(body, preferReal(body, left));
}

/** An engine that makes up its tokens serves those who name it, or a model that nothing else serves. */
function preferReal({ engine }: CreateTask, pools: readonly Pool[]): readonly Pool[] {
  const real = pools.filter((pool) => pool.engine !== MOCK);
  return engine === MOCK || real.length === 0 ? pools : real;
}

interface Demand {
  met(body: CreateTask, pool: Pool): boolean;
  /** What to say when no pool is left; `pools` are those that fell at this demand. */
  violations(body: CreateTask, pools: readonly Pool[]): readonly Violation[];
}

const DEMANDS: readonly Demand[] = [
  {
    met: ({ engine }, pool) => engine === undefined || engine === pool.engine,
    violations: ({ engine, model_ref }, pools) => [
      {
        pointer: '/engine',
        message: `no pool serves ${shortened(model_ref)} on engine ${engine}; it is served by ${list(pools.map((pool) => pool.engine))}`,
      },
    ],
  },
  {
    met: ({ pool_labels = {} }, pool) =>
      Object.entries(pool_labels).every(([name, value]) => pool.config.labels[name] === value),
    violations: () => [{ pointer: '/pool_labels', message: 'no pool that serves the model carries all these labels' }],
  },
  {
    met: ({ sampler_profile_version: pin }, pool) => pin === undefined || pin === pool.config.sampler_profile_version,
    violations: (_, pools) => [
      {
        pointer: '/sampler_profile_version',
        message: `must be ${list(pools.map((pool) => pool.config.sampler_profile_version))}`,
      },
    ],
  },
  {
    met: ({ workload }, { description }) => description === undefined || description.workloads.includes(workload),
    violations: ({ workload }, pools) => [
      {
        pointer: '/workload',
        message: `the engine of pool ${pools[0]?.id} does not offer ${workload}; it offers ${list(pools[0]?.description?.workloads ?? [])}`,
      },
    ],
  },
  {
    met: (body, { description }) => description === undefined || missingAbilities(body, description).length === 0,
    violations: (body, pools) =>
      pools[0]?.description === undefined ? [] : missingAbilities(body, pools[0].description),
  },
  {
    met: ({ determinism }, pool) => determinism !== 'strict' || pool.determinism === 'exact',
    violations: () => [
      {
        pointer: '/determinism',
        message: 'no pool of this model gives exact determinism; leave determinism out, or use best_effort',
      },
    ],
  },
];

/** A task that does not say otherwise runs where equal tasks give equal bytes, if there is such a pool. */
function preferExact({ determinism }: CreateTask, pools: readonly Pool[]): readonly Pool[] {
  if (determinism === 'best_effort') return pools;
  const exact = pools.filter((pool) => pool.determinism === 'exact');
  return exact.length > 0 ? exact : pools;
}

function missingAbilities(body: CreateTask, { features }: EngineDescription): Violation[] {
  const { params = {} } = body;
  const missing: Violation[] = [];
  const lacks = (pointer: string, what: string) =>
    missing.push({ pointer, message: `the engine does not offer ${what}; leave it out` });
  for (const name of Object.keys(params)) {
    if (name === 'tools' || name === 'tool_choice' || name === 'response_format') continue;
    if (!(features.params as readonly string[]).includes(name)) lacks(`/params/${name}`, name);
  }
  if (params.tools !== undefined && !features.tools) lacks('/params/tools', 'tools');
  if (params.tool_choice !== undefined && !features.tools) lacks('/params/tool_choice', 'tool_choice');
  const format = params.response_format?.type ?? 'text';
  if (format !== 'text' && !features.jsonSchema) lacks('/params/response_format', format);
  if (body.messages !== undefined && !features.chat) lacks('/messages', 'chat messages');
  return missing;
}

function list(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}

/** A ref can be two thousand characters long; a message need not be. */
function shortened(ref: string): string {
  return ref.length > 80 ? `${ref.slice(0, 77)}…` : ref;
}
