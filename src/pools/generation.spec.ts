import { poolOf } from '../../test/support/pools.js';
import { poolModel } from './model-ref.js';
import { type Pool } from './pool.js';

const ids = (pool: Pool) => pool.replicas.map(({ id }) => id);

describe('The generations of a pool', () => {
  it('have ids of their own while they live beside each other, and few over many reloads (ORCH-3031)', () => {
    const pool = poolOf('p', { config: { replicas: 2 } });
    const seen = [ids(pool)];
    for (let reload = 0; reload < 5; reload++) {
      const before = pool.generation;
      pool.serve(pool.stage(poolModel(`m-${reload}`)));
      pool.drop(before);
      seen.push(ids(pool));
    }
    expect(seen.slice(0, 3)).toEqual([
      ['p-0', 'p-1'],
      ['p-2', 'p-3'],
      ['p-0', 'p-1'],
    ]);
    expect(new Set(seen.flat()).size).toBe(4);
  });

  it('never give an id and an epoch twice, also after starts of a generation that is gone (ORCH-3031, ORCH-4505)', () => {
    const pool = poolOf('p');
    const starts = new Set<string>();
    const start = () => {
      const [replica] = pool.replicas;
      replica!.begin(0);
      const name = `${replica!.id} ${replica!.epoch}`;
      expect(starts).not.toContain(name);
      starts.add(name);
    };
    for (let reload = 0; reload < 12; reload++) {
      for (let count = 0; count <= reload % 3; count++) start();
      const [old, staged] = [pool.generation, pool.stage(poolModel('m'))];
      start();
      // Every third one comes to nothing.
      if (reload % 3 === 2) pool.drop(staged);
      else {
        pool.serve(staged);
        pool.drop(old);
      }
    }
    expect(starts.size).toBeGreaterThan(20);
  });

  it('are found by their replicas, and only the serving one is what the pool shows (ORCH-3031)', () => {
    const pool = poolOf('p', { description: { modelDigest: 'sha256:old' } });
    const staged = pool.stage(poolModel('file:/models/next.gguf'));
    expect(pool.generationOf(staged.replicas[0]!)).toBe(staged);
    expect(pool.modelNames).toEqual(['m', 'sha256:old']);
    expect(staged.modelNames).toEqual(['file:/models/next.gguf', 'next']);
    expect(pool.otherReplicas).toEqual(staged.replicas);
    pool.serve(staged);
    expect(pool.model.id).toBe('next');
  });
});
