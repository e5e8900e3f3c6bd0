import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type HttpToolFrame, type Problem, type StreamEvents, type StreamFrame } from '@llama-orch/client';
import { CONTRACTS, type Contract, type Response } from './openapi.js';

/** A request as the server got it. */
export interface Received {
  readonly method: string;
  /** Path template of the contract, such as `/v1/tasks/{id}`. */
  readonly path: string;
  readonly id: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** What a route answers. `frames` are sent as a stream; after them the connection ends, breaks, or stays open. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly frames?: readonly (StreamFrame | HttpToolFrame)[];
  readonly then?: 'end' | 'break' | 'stay';
}

export type Route = (request: Received) => Answer | Promise<Answer>;

/**
 * A tiny stand-in for the daemon. It speaks the contract: an undeclared route or status, or a body off its schema, makes
 * `close` fail.
 */
export class ContractServer {
  readonly received: Received[] = [];
  private readonly faults: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** Listens on a free port. Keys are like `GET /v1/tasks/{id}`. */
  static async start(routes: Readonly<Record<string, Route>>): Promise<ContractServer> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const stand = new ContractServer(server, `http://127.0.0.1:${port}`);
    server.on('request', (request, response) => {
      stand.handle(routes, request, response).catch((error: unknown) => {
        stand.faults.push(String(error));
        response.destroy();
      });
    });
    return stand;
  }

  /** How often a route was asked. */
  count(route: string): number {
    return this.received.filter(({ method, path }) => `${method} ${path}` === route).length;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
  }

  private async handle(
    routes: Readonly<Record<string, Route>>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const received = await receive(request);
    this.received.push(received);
    const route = routes[`${received.method} ${received.path}`];
    if (route === undefined) throw new Error(`the test has no route ${received.method} ${received.path}`);
    const answer = await route(received);
    this.faults.push(...faultsOf(received, answer));
    send(response, answer);
  }
}

/** A refusal with the members that every one has. */
export function refusal(code: Problem['code'], status: number, more: Partial<Problem> = {}): Answer {
  const message = more.message ?? `refused with ${code}`;
  const body = {
    ...{ type: '/problems/x', title: 'Refused', status, detail: message, instance: '/v1', code, message },
    ...{ retriable: false, correlation_id: 'corr-1' },
    ...more,
  };
  return { status, body, headers: { 'content-type': 'application/problem+json' } };
}

/** One frame of a stream. */
export function frame<Event extends keyof StreamEvents>(
  id: number,
  event: Event,
  data: StreamEvents[Event],
): StreamFrame {
  return { id, event, data } as StreamFrame;
}

async function receive(request: IncomingMessage): Promise<Received> {
  const url = new URL(request.url ?? '/', 'http://server');
  const { template, id } = templateOf(url.pathname);
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return {
    method: request.method ?? 'GET',
    path: template,
    id,
    query: url.searchParams,
    headers: request.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

function templateOf(pathname: string): { template: string; id: string | undefined } {
  for (const { document } of CONTRACTS) {
    for (const template of Object.keys(document.paths)) {
      const match = new RegExp(`^${template.replace(/\{\w+\}/, '([^/]+)')}$`).exec(pathname);
      if (match !== null) return { template, id: match[1] };
    }
  }
  return { template: pathname, id: undefined };
}

function faultsOf({ method, path, body }: Received, answer: Answer): string[] {
  const contract = CONTRACTS.find(({ document }) => document.paths[path] !== undefined);
  const operation = contract?.document.paths[path]?.[method.toLowerCase()];
  const declared = operation?.responses[String(answer.status)];
  if (contract === undefined || declared === undefined) return [`${method} ${path} ${answer.status} is not declared`];
  const asked = operation?.requestBody?.content['application/json']?.schema;
  const requestFaults = asked === undefined || answer.status >= 400 ? [] : contract.faults(asked, body);
  return [...requestFaults, ...answerFaults(contract, contract.resolve(declared), answer)];
}

function answerFaults(contract: Contract, declared: Response, answer: Answer): string[] {
  const contents = Object.values(declared.content ?? {});
  const content = contents.find((one) => (one['x-sse-events'] === undefined) === (answer.frames === undefined));
  if (answer.frames !== undefined) {
    return answer.frames.flatMap(({ event, data }) => contract.faults(content?.['x-sse-events']?.[event] ?? {}, data));
  }
  return content === undefined ? [] : contract.faults(content.schema, answer.body);
}

function send(response: ServerResponse, { status, body, headers = {}, frames, then = 'end' }: Answer): void {
  const correlation = { 'x-correlation-id': 'corr-1' };
  if (frames === undefined) {
    const isText = typeof body === 'string';
    response.writeHead(status, {
      'content-type': isText ? 'text/plain' : 'application/json',
      ...correlation,
      ...headers,
    });
    response.end(body === undefined || isText ? body : JSON.stringify(body));
    return;
  }
  response.writeHead(status, { 'content-type': 'text/event-stream; charset=utf-8', ...correlation, ...headers });
  const text = frames.map(({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  response.write(`:\n\n${text.join('')}`, () => {
    if (then === 'end') response.end();
    if (then === 'break') response.destroy();
  });
}
