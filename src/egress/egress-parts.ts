import { type AuditLog } from '../audit/audit-log.js';
import { type DialOptions } from './dial/connector.js';
import { type Logger } from '../observability/logger.js';
import { type Redactor } from '../observability/redactor.js';
import { type Policies } from '../policy-host/policies.js';
import { type Classify } from './guard/address-class.js';
import { type OwnAddresses } from './guard/own-addresses.js';
import { type Resolver } from './guard/resolver.js';
import { type GuardRules } from './guard/rules.js';

/** What became of a call, for the metrics. */
export type EgressResult = 'ok' | 'denied' | 'limited' | 'failed';

/** All that the one door stands on. */
export interface EgressParts extends DialOptions {
  readonly rules: GuardRules;
  readonly resolver: Resolver;
  readonly classify: Classify;
  readonly own: OwnAddresses;
  readonly policies: Policies;
  readonly audit: AuditLog;
  readonly redactor: Redactor;
  readonly logger: Logger;
  readonly count: (result: EgressResult) => void;
  /** Findings and pseudonyms of tenants are keyed with it. */
  readonly key: Uint8Array;
  /** Tool calls of one caller per second. */
  readonly ratePerS: number;
  readonly dnsTimeoutMs: number;
}
