// Fetches one file into a cache, and is killed meanwhile: node fetch-victim.mjs <folder> <url> <digest>
import { Downloads } from '../../dist/catalog/fetch/downloads.js';
import { Sources } from '../../dist/catalog/fetch/sources.js';
import { WeightsCache } from '../../dist/catalog/fetch/weights-cache.js';
import { parseConfig } from '../../dist/config/index.js';
import { AttackPolicies } from '../../dist/egress/attack/attack-policies.js';
import { RowsInMemory } from '../../dist/egress/attack/rows-in-memory.js';
import { OwnAddresses } from '../../dist/egress/guard/own-addresses.js';
import { newEgress } from '../../dist/egress/new-egress.js';
import { SystemClock } from '../../dist/kernel/clock.js';
import { SecretRedactor } from '../../dist/observability/redaction/secret-redactor.js';

const [folder, url, digest] = process.argv.slice(2);
const logger = { log() {}, info() {}, warn() {}, error() {} };
const clock = new SystemClock();
const egress = newEgress(
  parseConfig({ egress: { allow_private: true, ports: [Number(new URL(url).port)] } }),
  process.cwd(),
  {
    ...{ own: new OwnAddresses(), policies: new AttackPolicies(), audit: new RowsInMemory(), clock, logger },
    ...{ redactor: new SecretRedactor({ secrets: [], patterns: [], pii: false }), count() {}, key: new Uint8Array(32) },
  },
);
const source = {
  schemes: ['rig'],
  resolve: async (ref) => ({
    ...{ pinnedRef: ref, registry: 'here' },
    files: [{ path: 'a.gguf', digest, place: { type: 'remote', ask: () => ({ url }) } }],
  }),
};
const downloads = await Downloads.open({
  ...{ sources: new Sources({ rig: source }), egress, cache: new WeightsCache(folder), clock, logger },
  limits: { parallel: 1, retries: 0, retryMs: 1, checkpointBytes: 65_536, reserveBytes: 0, cacheMaxBytes: 0 },
});
const model = await downloads.ensure({ ref: 'rig:a.gguf' }, new AbortController().signal);
process.stdout.write(model.path);
await downloads.close();
await egress.close();
