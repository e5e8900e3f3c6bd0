import { AttackPolicies } from '../attack-policies.js';
import { type Scenario, told } from '../scenario.js';
import { type Answers, OTHER_PUBLIC, PUBLIC, SILENT } from '../test-network.js';

const LOOPBACK = '127.0.0.1';

/** A name whose answers spoil the call. */
function name(row: number, what: string, answers: Answers, expected = 'refused'): Scenario {
  return {
    row,
    name: what,
    expected,
    async run(stage) {
      const { rig } = await stage.web((_request, response) => response.end('x'), {
        names: { 'trap.test': answers },
        isHasty: answers.includes('silence'),
      });
      const outcome = told(await rig.call({ url: 'http://trap.test/' }));
      return rig.network.dialled.length === 0 ? outcome : `dialled ${rig.network.dialled.join()}`;
    },
  };
}

/** Rows 27 to 35: what a name server can say. */
export const RESOLUTION: readonly Scenario[] = [
  name(27, 'a public and a private A record', [[PUBLIC, '10.0.0.1']]),
  name(27, 'a private and a public A record', [['10.0.0.1', PUBLIC]]),
  name(28, 'a public A, a private AAAA record', [[PUBLIC, 'fd00::1']]),
  name(28, 'a public A, a mapped loopback AAAA record', [[PUBLIC, '::ffff:7f00:1']]),
  name(33, 'a wildcard name that gives loopback', [[LOOPBACK]]),
  name(34, 'an alias of an internal name', [['192.168.7.7']]),
  name(35, 'NXDOMAIN', [new Error('ENOTFOUND')], 'failed: dns'),
  name(35, 'SERVFAIL', [new Error('ESERVFAIL')], 'failed: dns'),
  name(35, 'a name that is known once the policies were asked', [new Error('ENOTFOUND'), [PUBLIC]], 'failed: dns'),
  name(35, 'an empty answer', [[]], 'failed: dns'),
  name(35, 'an answer that is no address', [['x']]),
  name(35, 'a name server that keeps silent', ['silence'], 'failed: dns'),
  {
    row: 29,
    name: 'a name that leads to loopback once it was checked',
    expected: `answered 200 by ${PUBLIC}:80`,
    async run(stage) {
      const names = { 'rebind.test': [[PUBLIC], [LOOPBACK]] };
      const { rig } = await stage.web((_request, response) => response.end('x'), { names });
      return `${told(await rig.call({ url: 'http://rebind.test/' }))} by ${rig.network.dialled.join()}`;
    },
  },
  {
    row: 30,
    name: 'a name that leads to loopback at the next hop',
    expected: `refused by ${PUBLIC}:80`,
    async run(stage) {
      const names = { 'rebind.test': [[PUBLIC], [LOOPBACK]] };
      const { rig } = await stage.web((_request, response) => response.writeHead(302, { location: '/next' }).end(), {
        names,
      });
      return `${told(await rig.call({ url: 'http://rebind.test/' }))} by ${rig.network.dialled.join()}`;
    },
  },
  {
    row: 30,
    name: 'a name that leads to loopback when the call is made again',
    expected: 'answered 200, refused',
    async run(stage) {
      const names = { 'rebind.test': [[PUBLIC], [LOOPBACK]] };
      const { rig } = await stage.web((_request, response) => response.end('x'), { names });
      const call = async () => told(await rig.call({ url: 'http://rebind.test/' }));
      return `${await call()}, ${await call()}`;
    },
  },
  {
    row: 31,
    name: 'a socket that is kept alive under a name that moved',
    expected: `${PUBLIC}:80,${OTHER_PUBLIC}:80`,
    async run(stage) {
      const names = { 'moving.test': [[PUBLIC], [PUBLIC], [OTHER_PUBLIC]] };
      const { rig } = await stage.web((_request, response) => response.end('x'), { names });
      for (let calls = 0; calls < 3; calls += 1) {
        await rig.call({ url: 'http://moving.test/' });
        await new Promise(setImmediate);
      }
      return rig.network.dialled.join();
    },
  },
  {
    row: 31,
    name: 'a socket that is kept alive beyond its policies',
    expected: '2 sockets',
    async run(stage) {
      const policies = new AttackPolicies();
      const { rig } = await stage.web((_request, response) => response.end('x'), { policies });
      await rig.call({ url: 'http://start.test/' });
      await new Promise(setImmediate);
      policies.swap();
      await rig.call({ url: 'http://start.test/' });
      return `${rig.network.dialled.length} sockets`;
    },
  },
  {
    row: 32,
    name: 'a race between the addresses of a name',
    expected: `failed: timeout by ${SILENT}:80`,
    async run(stage) {
      const { rig } = await stage.web((_request, response) => response.end('x'), {
        names: { 'two.test': [[SILENT, PUBLIC]] },
        isHasty: true,
      });
      return `${told(await rig.call({ url: 'http://two.test/' }))} by ${rig.network.dialled.join()}`;
    },
  },
];
