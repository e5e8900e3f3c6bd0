import { matchesHost } from './host-patterns.js';

/** The host of a URL as the host parsed it: lower case, punycode, no final dot. Text where text is needed. */
export class HostName {
  constructor(
    readonly text: string,
    private readonly url: { readonly ipLiteral: boolean },
  ) {}

  /** It is an address, not a name. */
  get isIp(): boolean {
    return this.url.ipLiteral;
  }

  /** Exact, or `*.example.com` for all hosts below `example.com`. @throws Error when the pattern is none */
  is(pattern: string): boolean {
    return this.isOneOf([pattern]);
  }

  /** @throws Error when any of the patterns is none */
  isOneOf(patterns: readonly string[]): boolean {
    return matchesHost(this, patterns);
  }

  /** The domain itself, or any host below it; the domain in lower case. */
  endsWithDomain(domain: string): boolean {
    return this.text === domain || (!this.isIp && this.text.endsWith(`.${domain}`));
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}
