import { digest, entryOf } from '../../test/support/catalog-entries.js';
import { type PoolFacts, poolOf } from '../../test/support/pools.js';
import { ModelNames } from '../catalog/model-names.js';
import { type CatalogEntry } from '../catalog/entry.js';
import { type FetchProgress } from '../catalog/fetch/fetch-progress.js';
import { AppError } from '../kernel/errors.js';
import { ModelCheck } from './model-check.js';

const PROGRESS: FetchProgress = {
  ...{ id: 'f', ref: 'hf:o/m', state: 'fetching', bytes: 5, total: 10, percent: 50, bytes_per_s: 1 },
  ...{ eta_ms: 7_000, stalled: false, files: 1, files_done: 0, digest: null, error: null },
};

function checkOf(
  entries: readonly CatalogEntry[],
  { here = true, progress }: { here?: boolean; progress?: FetchProgress } = {},
) {
  const names = new ModelNames(entries);
  return new ModelCheck({ find: (ref) => names.find(ref) }, { isHere: async () => here, wanted: async () => progress });
}

const pool = (id: string, facts: PoolFacts = {}) => poolOf(id, facts);

function refusal(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

async function laterRefusal(run: Promise<unknown>): Promise<AppError> {
  const thrown: unknown = await run.then(
    () => new Error('nothing was refused'),
    (error: unknown) => error,
  );
  if (thrown instanceof AppError) return thrown;
  throw thrown as Error;
}

describe('The model of a task', () => {
  const [active, retired] = [pool('a', { config: { model: 'good' } }), pool('b', { config: { model: 'old' } })];
  const check = checkOf([
    entryOf('good', { addedBy: 'pool', aliases: [] }),
    entryOf('old', { state: 'Retired', digest: digest('2') }),
    entryOf('declared', { digest: digest('3') }),
    entryOf('was-served', { addedBy: 'pool', digest: digest('4') }),
  ]);
  const pools = [active, retired];

  it('finds the pools whose model is in service (ORCH-4401)', () => {
    expect(check.poolsFor('good', pools)).toEqual([active]);
  });

  it.each([
    ['old', 'MODEL_DEPRECATED', false],
    [digest('2'), 'MODEL_DEPRECATED', false],
    ['declared', 'POOL_UNAVAILABLE', false],
    ['was-served', 'NOT_FOUND', false],
    ['nobody', 'NOT_FOUND', false],
    ['sha256:123', 'INVALID_PARAMS', false],
  ])('%s is refused with %s, which no retry mends (ORCH-4605, ORCH-3073, ORCH-3090)', (ref, code, retriable) => {
    expect(refusal(() => check.poolsFor(ref, pools))).toMatchObject({ code, retriable });
  });

  it('that only a pool knows by a name of its own is taken as it is (ORCH-4401)', () => {
    const odd = pool('odd', { config: { model: 'A name: with, signs' } });
    expect(check.poolsFor('A name: with, signs', [odd])).toEqual([odd]);
  });
});

describe('Weights that are not here', () => {
  const entries = [entryOf('m', { sourceUrl: 'hf:o/m' })];
  const loading = pool('p', { description: null });

  it('are said to come when they are fetched, with the time that is left (ORCH-3091)', async () => {
    const check = checkOf(entries, { here: false, progress: PROGRESS });
    const refused = await laterRefusal(check.requireWeights([loading]));
    expect(refused).toMatchObject({ code: 'POOL_UNREADY', retriable: true, members: { retry_after_ms: 7_000 } });
    expect(refused.message).toContain('50 %');
  });

  it('are said to be missing when nobody fetches them, with the command that does (ORCH-3091)', async () => {
    const refused = await laterRefusal(checkOf(entries, { here: false }).requireWeights([loading]));
    expect(refused).toMatchObject({ code: 'POOL_UNREADY', retriable: false });
    expect(refused.message).toContain('llama-orch models pull m');
  });

  it('are asked about only where no pool is ready and they would lie on this machine (ORCH-3091)', async () => {
    const check = checkOf(entries, { here: false });
    await check.requireWeights([loading, pool('ready')]);
    await check.requireWeights([pool('far', { description: null, config: { endpoint: 'http://127.0.0.1:1' } })]);
    await checkOf(entries, { here: true }).requireWeights([loading]);
  });
});
