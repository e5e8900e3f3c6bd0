import { SystemClock } from '../../kernel/clock.js';
import { Logger } from '../../observability/logger.js';
import { SecretRedactor } from '../../observability/redaction/secret-redactor.js';
import { AppError } from '../../kernel/errors.js';
import { EgressFailure, type OutboundAnswer, type OutboundCall } from '../egress.js';
import { type EgressParts } from '../egress-parts.js';
import { OwnAddresses } from '../guard/own-addresses.js';
import { type GuardRules } from '../guard/rules.js';
import { Outbound } from '../outbound.js';
import { AttackPolicies } from './attack-policies.js';
import { dialLimits, type Door, type DoorCall, type DoorOptions, networkOf } from './door.js';
import { RowsInMemory } from './rows-in-memory.js';
import { classifyTest, OWN, type TestNetwork } from './test-network.js';

export interface RigOptions extends DoorOptions {
  readonly parts?: Partial<EgressParts>;
}

/** What became of a call. */
export type Outcome =
  | { readonly type: 'answered'; readonly answer: OutboundAnswer }
  | { readonly type: 'refused'; readonly error: AppError }
  | { readonly type: 'failed'; readonly error: EgressFailure };

const RULES: GuardRules = {
  enabled: true,
  allowPrivate: false,
  allowHosts: [],
  denyHosts: [],
  ports: new Set([80, 443]),
};
const MIB = 1024 * 1024;

/** The real door on a network of its own, as strict as it is off loopback. */
export class AttackRig implements Door {
  readonly network: TestNetwork;
  readonly audit = new RowsInMemory();
  readonly egress: Outbound;
  readonly policies: AttackPolicies;
  readonly parts: EgressParts;

  constructor(options: RigOptions = {}) {
    const { rules, policies = new AttackPolicies(), trusted = [], parts } = options;
    const limits = dialLimits(options);
    this.network = networkOf(options);
    this.policies = policies;
    const own = new OwnAddresses(classifyTest);
    own.listensOn(OWN, 80);
    this.parts = {
      ...{ rules: { ...RULES, ...rules }, resolver: this.network, classify: classifyTest, own, policies },
      ...{ audit: this.audit, redactor: new SecretRedactor({ secrets: [], patterns: [], pii: false }) },
      ...{ clock: new SystemClock(), logger: new Silence(), count: () => {}, key: new Uint8Array(32) },
      ...{
        ratePerS: 100_000,
        dnsTimeoutMs: limits.dnsMs,
        connectTimeoutMs: limits.connectMs,
        trusted,
        openSocket: this.network.openSocket,
      },
      ...parts,
    };
    this.egress = new Outbound(this.parts);
  }

  /** Makes a call and tells what became of it. @throws whatever is neither an answer nor a refusal nor a failure */
  async call(members: DoorCall): Promise<Outcome> {
    try {
      return { type: 'answered', answer: await this.send(outboundCall(members)) };
    } catch (error) {
      if (error instanceof AppError) return { type: 'refused', error };
      if (error instanceof EgressFailure) return { type: 'failed', error };
      throw error;
    }
  }

  async decidedFor(): Promise<readonly string[]> {
    return this.audit.entries.filter(({ action }) => action === 'tool.request').map(({ target }) => target);
  }

  close(): Promise<void> {
    return this.egress.close();
  }

  /** Downloads are streamed, as files are. */
  private async send(call: OutboundCall): Promise<OutboundAnswer> {
    const { signal } = new AbortController();
    if (call.tool.name !== 'download') return this.egress.send(call, signal);
    const { body, end, ...head } = await this.egress.stream(call, signal);
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    return { ...head, ...(await end), body: Buffer.concat(pieces) };
  }
}

/** A call with what every call has. */
export function outboundCall(members: DoorCall): OutboundCall {
  return {
    ...{
      tool: { name: 'http.fetch', version: '1.0.0' },
      method: 'GET',
      headers: [],
      body: undefined,
      secretHeaders: [],
    },
    ...{ maxBytes: MIB, timeoutMs: 20_000, caller: CALLER },
    ...members,
  };
}

const CALLER = {
  ...{
    actor: 'attacker',
    tenant: 'default',
    correlationId: 'attack',
    traceparent: null,
    sessionId: null,
    taskId: null,
  },
  attempt: 1,
  labels: {},
};

class Silence extends Logger {
  override log(): void {}

  override flush(): Promise<boolean> {
    return Promise.resolve(true);
  }
}
