import { once } from 'node:events';
import { connect, Socket, type TcpNetConnectOpts } from 'node:net';
import { classOf, type Classify } from '../guard/address-class.js';
import { Resolver } from '../guard/resolver.js';

/** Addresses of loopback that count as public here, so that nothing ever leaves this machine. */
export const PUBLIC = '127.0.77.1';
export const OTHER_PUBLIC = '127.0.77.2';
/** Counts as public and never answers. */
export const SILENT = '127.0.77.66';
/** Counts as public, and the daemon under attack is there. */
export const OWN = '127.0.77.9';

export const classifyTest: Classify = (address) => (isTestPublic(address) ? 'public' : classOf(address));

/** What a name server says, one answer after the other; the last one stays. */
export type Answers = readonly (readonly string[] | 'silence' | Error)[];

/** A network of its own: names lead where an attack wants them, and connections are watched. */
export class TestNetwork extends Resolver {
  /** Addresses and ports that were dialled, in order. */
  readonly dialled: string[] = [];
  private readonly asked = new Map<string, number>();
  private readonly sockets = new Set<Socket>();

  /**
   * @param names every other name is not known
   * @param ports what listens instead of a port of the web: the attack servers are not root
   */
  constructor(
    private readonly names: Readonly<Record<string, Answers>>,
    private readonly ports: ReadonlyMap<number, number>,
  ) {
    super();
  }

  override async resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const times = this.asked.get(host) ?? 0;
    this.asked.set(host, times + 1);
    const answers = this.names[host] ?? [];
    const answer = answers[Math.min(times, answers.length - 1)] ?? new Error('ENOTFOUND');
    if (answer instanceof Error) throw answer;
    return answer === 'silence' ? untilAborted(signal) : answer;
  }

  /** Connects to attack servers alone: whatever else is dialled is written down and goes nowhere. */
  readonly openSocket = (options: TcpNetConnectOpts): Socket => {
    const socket = this.dial(options);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  };

  /** Dialled addresses that no attack may reach. */
  get escapes(): readonly string[] {
    return this.dialled.filter((address) => !isTestPublic(address));
  }

  /** Ends what is still connected, so that nothing of this network is used again. */
  async hangUp(): Promise<void> {
    await Promise.all([...this.sockets].map((socket) => once(socket.destroy(), 'close')));
  }

  private dial(options: TcpNetConnectOpts): Socket {
    const { host = '', port } = options;
    this.dialled.push(`${host}:${port}`);
    if (host === SILENT) return new Socket();
    const listening = this.ports.get(port);
    if (!isTestPublic(host) || listening === undefined) return unreachable();
    return connect({ ...options, port: listening });
  }
}

export function isTestPublic(address: string): boolean {
  return address.startsWith('127.0.77.');
}

function unreachable(): Socket {
  const socket = new Socket();
  setImmediate(() => socket.destroy(Object.assign(new Error('unreachable'), { code: 'EHOSTUNREACH' })));
  return socket;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('called off')), { once: true });
  });
}
