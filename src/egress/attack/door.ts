import { type HttpToolFailed } from '@llama-orch/client';
import { type ErrorCode } from '../../kernel/errors.js';
import { type OutboundCall } from '../egress.js';
import { type GuardRules } from '../guard/rules.js';
import { type AttackPolicies } from './attack-policies.js';
import { type Answers, OTHER_PUBLIC, PUBLIC, SILENT, TestNetwork } from './test-network.js';

/** What an attack wants to find: who operates the door sets it, and the network around it. */
export interface DoorOptions {
  readonly rules?: Partial<GuardRules>;
  /** Over the names that every network here knows. */
  readonly names?: Readonly<Record<string, Answers>>;
  readonly policies?: AttackPolicies;
  /** Listening instead of a port of the web. */
  readonly ports?: Readonly<Record<number, number>>;
  /** Certificates that are trusted, PEM. */
  readonly trusted?: readonly string[];
  /** Soon gives up names and connections that do not come; else what does come may take its time on a slow machine. */
  readonly isHasty?: boolean;
}

/** How long a door waits for a name or a connection, in ms. */
export function dialLimits({ isHasty = false }: DoorOptions): { readonly dnsMs: number; readonly connectMs: number } {
  return isHasty ? { dnsMs: 150, connectMs: 200 } : { dnsMs: 10_000, connectMs: 10_000 };
}

/** The guard alone, the class that every call passes, or the route of a daemon that leads to it. */
export type DoorName = 'guard' | 'outbound' | 'route';

/** A call with what an attack has to say of it. */
export type DoorCall = Partial<OutboundCall> & Pick<OutboundCall, 'url'>;

/** What became of a call. */
export type DoorOutcome =
  | { readonly type: 'answered'; readonly answer: DoorAnswer }
  | { readonly type: 'refused'; readonly error: DoorRefusal }
  | { readonly type: 'failed'; readonly error: { readonly kind: HttpToolFailed['error']['kind'] } };

interface DoorAnswer {
  readonly status: number;
  /** May be shorter than what was read, as a cut body loses what may begin a secret. */
  readonly body: Uint8Array;
  readonly bytes: number;
  readonly truncated: boolean;
}

interface DoorRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly members: object;
}

/** Where attacks try to get out: the class that every call passes, or the route of a daemon that leads to it. */
export interface Door {
  readonly network: TestNetwork;
  /** Makes a call and tells what became of it. */
  call(members: DoorCall): Promise<DoorOutcome>;
  /** Hosts that were decided about, in order, as the audit has them. */
  decidedFor(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const NAMES: Readonly<Record<string, Answers>> = {
  'start.test': [[PUBLIC]],
  'example.com': [[PUBLIC]],
  'evil.org': [[OTHER_PUBLIC]],
  'silent.test': [[SILENT]],
};

/** The network around a door. */
export function networkOf({ names, ports = {} }: DoorOptions): TestNetwork {
  const listening = new Map(Object.entries(ports).map(([port, at]) => [Number(port), at]));
  return new TestNetwork({ ...NAMES, ...names }, listening);
}
