import { parseConfig } from '../../src/config/index.js';
import { type Egress } from '../../src/egress/egress.js';
import { AttackPolicies } from '../../src/egress/attack/attack-policies.js';
import { RowsInMemory } from '../../src/egress/attack/rows-in-memory.js';
import { OwnAddresses } from '../../src/egress/guard/own-addresses.js';
import { newEgress } from '../../src/egress/new-egress.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { SecretRedactor } from '../../src/observability/redaction/secret-redactor.js';
import { QuietLogger } from './quiet-logger.js';

/** The door of a daemon that others can reach, with policies that allow everything, on the real network of this machine. */
export function downloadEgress(egress: object = { allow_private: false }, audit = new RowsInMemory()): Egress {
  return newEgress(parseConfig({ egress }), process.cwd(), {
    ...{ own: new OwnAddresses(), policies: new AttackPolicies(), audit, clock: new SystemClock() },
    ...{ redactor: new SecretRedactor({ secrets: [], patterns: [], pii: false }), logger: new QuietLogger() },
    ...{ count: () => {}, key: new Uint8Array(32) },
  });
}
