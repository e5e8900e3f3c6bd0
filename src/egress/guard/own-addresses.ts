import { networkInterfaces } from 'node:os';
import { canonical, classOf, type Classify } from './address-class.js';

interface Listening {
  /** Canonical address, or undefined for all addresses of this machine. */
  readonly address: string | undefined;
  readonly port: number;
}

/** Where the daemon itself is reached: calls must not come back to it. */
export class OwnAddresses {
  private readonly sockets: Listening[] = [];
  private readonly names = new Set<string>();

  constructor(private readonly classify: Classify = classOf) {}

  /** A socket that the daemon listens on. */
  listensOn(address: string, port: number): void {
    const isAny = ['0.0.0.0', '::'].includes(address);
    this.sockets.push({ address: isAny ? undefined : canonical(address), port });
  }

  /** A base URL that leads to the daemon, through whatever stands before it. */
  isReachedBy(baseUrl: string): void {
    const { hostname, port, protocol } = new URL(baseUrl);
    this.names.add(`${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`);
  }

  hasName(host: string, port: number): boolean {
    return this.names.has(`${host}:${port}`);
  }

  hasAddress(address: string, port: number): boolean {
    return this.sockets.some((socket) => socket.port === port && this.isReached(socket, address));
  }

  /** A socket on loopback is taken to answer on all of loopback, one on any address on all that this machine has. */
  private isReached({ address: own }: Listening, address: string): boolean {
    if (this.classify(address) === 'loopback') return own === undefined || this.classify(own) === 'loopback';
    return own === undefined ? machineAddresses().includes(address) : own === address;
  }
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => plain(address)));
}

function plain(address: string): string {
  return canonical(address.replace(/%.*/, ''));
}
