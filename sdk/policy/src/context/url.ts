import { type EventUrl } from '../abi.js';
import { HostName } from './host-name.js';

/** A URL in parts. There is no text to parse, so there is nothing to parse differently than the host did. */
export class UrlView {
  constructor(private readonly parts: EventUrl) {}

  get host(): HostName {
    return new HostName(this.parts.host, this.parts);
  }

  get scheme(): 'http' | 'https' {
    return this.parts.scheme;
  }

  get port(): number {
    return this.parts.port;
  }

  /** Percent-encoded, beginning with `/`. */
  get path(): string {
    return this.parts.path;
  }

  /** The URL named a user or a password. */
  get hadUserinfo(): boolean {
    return this.parts.hadUserinfo;
  }

  /** Below the prefix by whole parts: `/v1` holds `/v1/x`, not `/v10`. */
  isBelow(prefix: string): boolean {
    const plain = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
    return this.path === plain || this.path.startsWith(`${plain}/`);
  }

  /** The first value of a query parameter. */
  query(name: string): string | undefined {
    return this.parts.query.find(([key]) => key === name)?.[1];
  }

  /** Each name once, decoded. */
  get queryNames(): readonly string[] {
    return [...new Set(this.parts.query.map(([name]) => name))];
  }
}
