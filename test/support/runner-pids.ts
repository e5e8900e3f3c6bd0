import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Pools } from '../../src/pools/pools.js';
import { poolId } from '../../src/kernel/ids.js';
import { type TestApp } from './start-app.js';

/** Process id of the embedded engine under each replica that has one now. */
export function runnerPids({ app }: TestApp, pool: string): ReadonlyMap<string, number> {
  const nest = Reflect.get(app, 'nest') as NestFastifyApplication;
  const { replicas } = nest.get(Pools).get(poolId(pool))!;
  return new Map(
    replicas.flatMap(({ id, connection }) => {
      const pid = (connection as { readonly runnerPid?: number } | undefined)?.runnerPid;
      return pid === undefined ? [] : [[id, pid] as const];
    }),
  );
}
