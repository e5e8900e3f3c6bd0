import { isIP } from 'node:net';
import { type EventAddress } from '@llama-orch/policy-sdk/abi';
import { type Clock } from '../../kernel/clock.js';
import { Fault } from '../fault.js';
import { canonical, type Classify } from './address-class.js';
import { type Target } from './normalise.js';
import { type OwnAddresses } from './own-addresses.js';
import { Refusal } from './refusal.js';
import { type Resolver } from './resolver.js';
import { type GuardRules, judgeAddress, judgeTarget, type NamedHost } from './rules.js';

/** A target that may be called, at exactly one address. */
export interface Checked {
  readonly target: Target;
  /** All addresses that the name has; each was judged. */
  readonly addresses: readonly EventAddress[];
  /** The one that is dialled. */
  readonly pinned: EventAddress;
}

export interface GuardParts {
  readonly rules: GuardRules;
  readonly resolver: Resolver;
  readonly classify: Classify;
  readonly own: OwnAddresses;
  readonly clock: Clock;
  readonly dnsTimeoutMs: number;
}

const MOST_ADDRESSES = 64;

/** The guard below the policies: whom the daemon may call at all. Nothing is remembered between two questions. */
export class Guard {
  constructor(private readonly parts: GuardParts) {}

  /**
   * Resolves the host and judges every answer: one bad address spoils all.
   * @throws Refusal
   * @throws Fault `dns` when the name has no clear answer in time
   */
  async check(target: Target, named: NamedHost | undefined, signal: AbortSignal): Promise<Checked> {
    const { rules, own } = this.parts;
    const { host, port } = target.parts;
    judgeTarget(target, rules, named);
    if (own.hasName(host, port)) throw new Refusal('OWN_ADDRESS', `${host}:${port} is this daemon`);
    const found = target.parts.ipLiteral ? [host] : await this.resolve(host, signal);
    const addresses = found.map((address) => this.judged(address, target, named));
    return { target, addresses, pinned: addresses[0]! };
  }

  private judged(found: string, target: Target, named: NamedHost | undefined): EventAddress {
    const { rules, own, classify } = this.parts;
    if (isIP(found) === 0) throw new Refusal('ADDRESS_NOT_PUBLIC', 'the resolver gave something that is no address');
    const kind = classify(found);
    const ip = canonical(found);
    judgeAddress(ip, kind, target, rules, named);
    if (own.hasAddress(ip, target.parts.port))
      throw new Refusal('OWN_ADDRESS', `${ip}:${target.parts.port} is this daemon`);
    return { ip, family: isIP(ip) === 6 ? 6 : 4, class: kind };
  }

  /** Whoever does not answer in time has not answered. */
  private async resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const { clock, resolver, dnsTimeoutMs } = this.parts;
    const late = new AbortController();
    const cancel = clock.schedule(dnsTimeoutMs, () => late.abort());
    const either = AbortSignal.any([signal, late.signal]);
    try {
      const found = await Promise.race([resolver.resolve(host, either), aborted(either)]);
      if (found.length === 0 || found.length > MOST_ADDRESSES) throw new Error(`${found.length} addresses`);
      return found;
    } catch (error) {
      signal.throwIfAborted();
      const why = late.signal.aborted ? `in ${dnsTimeoutMs} ms` : '';
      throw new Fault('dns', `the name does not resolve ${why}`.trim(), { cause: error });
    } finally {
      cancel();
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(new Error('called off'));
    if (signal.aborted) return fail();
    signal.addEventListener('abort', fail, { once: true });
  });
}
