import { type AddressClass, type EventAddress } from '../abi.js';
import { isInRange } from './ip.js';

/** An address that the name of the call led to. */
export class Address {
  constructor(private readonly address: EventAddress) {}

  /** The address as it is written: dotted, or with colons and no brackets. */
  get text(): string {
    return this.address.ip;
  }

  get family(): 4 | 6 {
    return this.address.family;
  }

  /** What the host calls it; it knows more ranges than their names say. */
  get class(): AddressClass {
    return this.address.class;
  }

  /** It is reached over the internet: none of the ranges that are kept for networks of one's own. */
  isPublic(): boolean {
    return this.address.class === 'public';
  }

  /** In any of the ranges. @throws Error when one is none */
  isIn(...cidrs: readonly string[]): boolean {
    return cidrs.some((cidr) => isInRange(this.address.ip, cidr));
  }

  toString(): string {
    return this.address.ip;
  }
}

/** Questions about addresses in text. */
export const ip = { isIn: isInRange } as const;
