import { Supervisor } from '../../src/pools/supervisor.js';

type Prove = (this: Supervisor, ...given: unknown[]) => Promise<void>;

const prove = Reflect.get(Supervisor.prototype, 'prove') as Prove;

afterEach(() => void Reflect.set(Supervisor.prototype, 'prove', prove));

/** Engines are started, but none is Ready until the answer is called. */
export function holdLoads(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held: Prove = async function (...given) {
    await promise;
    await prove.apply(this, given);
  };
  Reflect.set(Supervisor.prototype, 'prove', held);
  return resolve;
}
