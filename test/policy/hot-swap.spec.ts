import { digestOf } from '../../src/policy-host/module/prepare.js';
import { type ChainOutcome } from '../../src/policy-host/sandbox/chain.js';
import { eventually } from '../support/eventually.js';
import { HostRig, policyEntries } from './host-rig.js';
import { answering } from './modules.js';
import { requestCall } from './pool-rig.js';

const SWAPS = 50;
const FIRST_VERSION = '1.0.1000';
const CALLERS = 2;

let rig: HostRig;
beforeEach(() => void (rig = new HostRig()));
afterEach(() => rig.close());

/** The same policy in another version: its bytes differ in the version alone. */
function versionOf(first: Uint8Array, number: number): Uint8Array {
  const text = Buffer.from(first)
    .toString('latin1')
    .replaceAll(FIRST_VERSION, `1.0.${1_000 + number}`);
  return Buffer.from(text, 'latin1');
}

async function put(bytes: Uint8Array): Promise<string> {
  return digestOf(await rig.put(bytes, 'swapped.wasm'));
}

it(`${SWAPS} swaps under load cut no call, and each decision names the module that made it (ORCH-4702, OC-POLICY-4020)`, async () => {
  const first = await answering({ decision: 'allow', code: 'FINE' }, { name: 'swapped', version: FIRST_VERSION });
  const digests = [await put(first)];
  const host = await rig.open(policyEntries({ path: 'swapped.wasm' }));
  const outcomes: ChainOutcome[] = [];
  let isOver = false;
  const callers = Array.from({ length: CALLERS }, async () => {
    while (!isOver) outcomes.push(await host.decide(requestCall()));
  });
  const hasDecided = (digest: string | undefined): Promise<void> =>
    eventually(() => expect(outcomes.at(-1)?.by?.digest).toBe(digest));
  await hasDecided(digests[0]);
  for (let number = 1; number <= SWAPS; number++) {
    const digest = await put(versionOf(first, number));
    digests.push(digest);
    await hasDecided(digest);
    expect(host.list()[0]?.digest).toBe(digest);
  }
  isOver = true;
  await Promise.all(callers);
  const bad = outcomes.filter(({ decision, code }) => decision !== 'allow' || code !== 'FINE');
  expect(bad.slice(0, 3)).toEqual([]);
  expect([...new Set(outcomes.map(({ by }) => by?.digest))]).toEqual(digests);
  expect(rig.news.filter(({ type }) => type === 'swapped')).toHaveLength(SWAPS);
  const kept = await Promise.all(digests.map((digest) => rig.archive.read(digest)));
  expect(kept.filter((bytes) => bytes === undefined)).toEqual([]);
}, 300_000);
