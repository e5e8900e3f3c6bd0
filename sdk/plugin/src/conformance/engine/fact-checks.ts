import { type EngineConnection, type EngineDescription, type Workload } from '../../contracts/engine.js';
import { demand } from '../demand.js';
import { type Check } from '../kit.js';
import { type EngineBench } from './engine-bench.js';

/** Optional abilities and the member that keeps them. */
const MEMBERS = { embedding: 'embed', rerank: 'rerank' } as const satisfies Partial<
  Record<Workload, keyof EngineConnection>
>;
const EXPECTED_PARAMS = ['temperature', 'top_p', 'top_k'] as const;

/** What `describe` and `health` say about a ready engine. */
export const factChecks: readonly Check<EngineBench>[] = [
  {
    name: 'EA-40 says ready when it is ready',
    async run({ connection }) {
      const { state, reason } = await connection.health(new AbortController().signal);
      demand(
        state === 'ready',
        `health says ${state} (${reason ?? 'no reason'}) although the engine was ready before.`,
      );
    },
  },
  {
    name: 'EA-42 describes slots, context and seed within what the pool asked for',
    run({ description, engine: { endpoint } }) {
      checkRange('slots', description.slots, 1, endpoint.slots);
      checkRange('contextTokens', description.contextTokens, 1, endpoint.contextTokens ?? Number.MAX_SAFE_INTEGER);
      checkRange('seedBits', description.seedBits, 1, 53);
    },
  },
  {
    name: 'EA-42b names version, digest and determinism',
    run({ description: { engineVersion, modelDigest, determinism } }) {
      demand(engineVersion.trim() !== '', 'engineVersion is empty; read it from the engine.');
      demand(modelDigest !== '', 'modelDigest is empty; leave it out when the engine tells none.');
      const isGrade = determinism === 'exact' || determinism === 'best_effort';
      demand(isGrade, `determinism is "${String(determinism)}"; say exact or best_effort.`);
    },
  },
  {
    name: 'EA-42c offers the workloads that it describes',
    run({ description, connection }) {
      demand(description.workloads.length > 0, 'workloads is empty; name what the engine can do.');
      for (const [workload, member] of Object.entries(MEMBERS))
        checkWorkload(description, connection, workload, member);
    },
  },
  {
    name: 'EA-42d honours the sampling parameters of every engine',
    run({ description: { features } }) {
      const missing = EXPECTED_PARAMS.filter((param) => !features.params.includes(param));
      demand(missing.length === 0, `features.params lacks ${missing.join(', ')}; every engine must honour them.`);
    },
  },
  {
    name: 'EA-42e describes the same engine the same way',
    async run({ connection, description }) {
      const again = await connection.describe(new AbortController().signal);
      const isEqual = JSON.stringify(again) === JSON.stringify(description);
      demand(isEqual, 'Two calls of describe differ; it must tell facts of the loaded engine.', {
        actual: again,
        expected: description,
      });
    },
  },
];

function checkRange(name: string, value: number, least: number, most: number): void {
  const isInside = Number.isInteger(value) && value >= least && value <= most;
  demand(isInside, `${name} is ${value}; it must be a whole number from ${least} to ${most}.`);
}

function checkWorkload(
  { workloads }: EngineDescription,
  connection: EngineConnection,
  workload: string,
  member: 'embed' | 'rerank',
): void {
  const isNamed = workloads.some((named) => named === workload);
  const isThere = typeof connection[member] === 'function';
  // The other way round is fine: one adapter serves models that can and models that cannot.
  demand(
    isThere || !isNamed,
    `The workload ${workload} is described, but ${member} is missing; write it or leave it out.`,
  );
}
