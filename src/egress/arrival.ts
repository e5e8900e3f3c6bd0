import { Connections } from './dial/connections.js';
import { ACCEPTED_ENCODINGS, decoded } from './dial/decoded.js';
import { exchange, type Header, type HeadLimits } from './dial/exchange.js';
import { type Departure, type Errand } from './departure.js';
import { type DecidedHop, type OutboundCall } from './egress.js';
import { type EgressParts } from './egress-parts.js';
import { Fault } from './fault.js';
import { policyFacts } from './policy-facts.js';
import { normalise, originOf, type Target } from './guard/normalise.js';
import { SOFTWARE_VERSION } from '../kernel/version.js';

/** The head of an answer, and its body in clear, piece by piece. */
export interface Arrival {
  readonly departure: Departure;
  readonly status: number;
  readonly headers: readonly Header[];
  /** Throws Fault. Leaving the loop closes the connection. */
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly isKept: boolean;
  /** Ends the connection of a body that nobody reads. */
  readonly discard: () => void;
}

const HEADERS_MS = 60_000;
const SILENCE_MS = 60_000;

/** Sends what may go out, on the address that was checked. */
export class Dialling {
  private readonly connections: Connections;
  private readonly limits: HeadLimits;

  constructor(private readonly parts: EgressParts) {
    this.connections = new Connections(parts);
    this.limits = { clock: parts.clock, headersMs: HEADERS_MS, silenceMs: SILENCE_MS };
  }

  /** @throws Fault */
  async arrive(departure: Departure, { call, signal }: Errand): Promise<Arrival> {
    const { step } = departure.hop;
    const kept = call.kept?.find(decidedHop(departure));
    if (kept !== undefined) {
      const { status, headers, body } = kept;
      return { departure, status, headers, pieces: once(body), isKept: true, discard: () => {} };
    }
    // Another set of policies, another set of sockets.
    const { generation } = policyFacts(this.parts.policies);
    const dispatcher = this.connections.to(pinnedOf(departure), generation);
    const { method, body, target } = step;
    const request = {
      method,
      path: target.url.pathname + target.url.search,
      headers: sentHeaders(departure, call),
      body,
    };
    const head = await exchange(dispatcher, request, this.limits, signal).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
    const discard = () => void head.body.on('error', () => {}).destroy();
    return { departure, status: head.status, headers: head.headers, pieces: decoded(head), isKept: false, discard };
  }

  close(): Promise<void> {
    return this.connections.close();
  }
}

/** Bytes of a file are compared with a digest, so nothing in them is changed on the way. */
export function isFile({ tool }: OutboundCall): boolean {
  return tool.name === 'download';
}

/** The request without secrets, as it is decided. */
export function decidedHop({ hop: { step } }: Departure): DecidedHop {
  return { method: step.method, url: step.target.url.href, headers: step.headers };
}

/** Secrets go to the origin that the caller named, and nowhere else. */
export function secretsFor(target: Target, { secretHeaders, url }: OutboundCall): readonly Header[] {
  if (secretHeaders.length === 0) return secretHeaders;
  return originOf(normalise(url)) === originOf(target) ? secretHeaders : [];
}

function pinnedOf({ checked, hop: { step } }: Departure) {
  const { host, port, scheme, ipLiteral } = step.target.parts;
  return { address: checked.pinned, port, isTls: scheme === 'https', serverName: ipLiteral ? '' : host };
}

function sentHeaders({ hop: { step } }: Departure, call: OutboundCall): readonly Header[] {
  const secrets = secretsFor(step.target, call).map(([name, value]) => [name.toLowerCase(), value] as const);
  const names = secrets.map(([name]) => name);
  const own: Header[] = [
    ['host', step.target.url.host],
    ['accept-encoding', isFile(call) ? 'identity' : ACCEPTED_ENCODINGS],
    ...usual('user-agent', `llama-orch/${SOFTWARE_VERSION}`, step),
    ...usual('accept', '*/*', step),
  ];
  return [...own, ...step.headers.filter(([name]) => !names.includes(name)), ...secrets];
}

function usual(name: string, value: string, { headers }: { readonly headers: readonly Header[] }): Header[] {
  return headers.some(([given]) => given === name) ? [] : [[name, value]];
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

/** Whatever ends the call is told as what it is: the deadline, or the caller. */
export function reasonOf(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && !(error instanceof Fault) ? signal.reason : error;
}
