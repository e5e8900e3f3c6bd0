import { type Server } from 'node:http';
import { type Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type BindAddress, type Config, isLoopback } from '../config/index.js';
import { AppError, invalidParams } from '../kernel/errors.js';
import { newTaskId } from '../kernel/ids.js';
import { Authenticator } from './authenticator.js';
import { loadContract } from './contract.js';
import { Edge, type EdgePorts } from './edge.js';
import { HostCheck } from './host-check.js';
import { problemBody } from './problem.js';
import { correlationOf } from './request-facts.js';
import { RouteTable } from './route-table.js';

const HEAD_MS = 30_000;
const REQUEST_MS = 60_000;
const LONGEST_PARAM = 512;

/** The HTTP server before its routes: limits of size and time, no header or body beyond them reaches a handler. */
export function newServer({ limits }: Config): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: limits.body_bytes,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: LONGEST_PARAM },
    // The edge looks at Host itself, so that its refusal is a problem like every other.
    http: { maxHeaderSize: limits.header_bytes, headersTimeout: HEAD_MS, requireHostHeader: false },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => answerBroken(error, socket),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      answerBadPath(error, request, reply),
  });
}

/** Puts the edge before all routes. */
export function installEdge(
  adapter: FastifyAdapter,
  config: Config,
  bind: BindAddress,
  { clock, metrics, keyLimits }: Pick<EdgePorts, 'clock' | 'metrics' | 'keyLimits'>,
): void {
  const { auth, server } = config;
  letArtifactsBeLarger(adapter.getInstance(), config.artifacts.max_bytes);
  const documentsAreOpen = isLoopback(bind.host) || !auth.protect_metrics;
  new Edge({
    clock,
    metrics,
    keyLimits,
    authenticator: new Authenticator(auth.keys, clock),
    hosts: new HostCheck(bind, server.allowed_hosts),
    routes: new RouteTable([loadContract('data'), loadContract('control')]),
    openPaths: new Set(documentsAreOpen ? ['/metrics', '/openapi/:name'] : []),
  }).install(adapter.getInstance());
  ignoreExpectations(adapter.getInstance().server);
}

/** Their bodies have a limit of their own. */
function letArtifactsBeLarger(server: FastifyInstance, bodyLimit: number): void {
  server.addHook('onRoute', (route) => {
    if (route.url === '/v1/artifacts' && route.method === 'POST') route.bodyLimit = bodyLimit;
  });
}

/** Node would refuse an unknown `Expect` without a body or a correlation id; HTTP lets a server pass it over. */
function ignoreExpectations(server: Server): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** A path that cannot be decoded, or whose id is longer than any, reaches no route and no hook. */
function answerBadPath({ code }: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const problem =
    code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? new AppError('NOT_FOUND', `no id is longer than ${LONGEST_PARAM} characters; check the path`)
      : invalidParams([{ pointer: '', message: 'the percent-encoding of the path cannot be decoded' }]);
  const { correlationId } = correlationOf(request);
  void reply
    .code(problem.status)
    .headers({ 'X-Correlation-Id': correlationId, 'X-Content-Type-Options': 'nosniff' })
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(problemBody(problem, '', correlationId)));
}

/** A request that the HTTP parser refused never becomes one: the answer is written by hand. */
function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) return void socket.destroy();
  const problem = brokenRequest(error.code);
  const correlationId = newTaskId(0);
  const body = JSON.stringify(problemBody(problem, '', correlationId));
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.status === 413 ? 'Payload Too Large' : problem.status === 408 ? 'Request Timeout' : 'Bad Request'}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Correlation-Id: ${correlationId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Text in the middle of an answer, such as an event stream, would be read as a part of it. */
function isAnswering(socket: Socket): boolean {
  const { _httpMessage: answer }: { _httpMessage?: { readonly headersSent: boolean } | null } = socket as object;
  return answer?.headersSent === true;
}

function brokenRequest(code: string | undefined): AppError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new AppError('PAYLOAD_TOO_LARGE', 'the headers are larger than limits.header_bytes allows; send fewer');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new AppError('INVALID_PARAMS', 'the request did not arrive in time; send it faster', { status: 408 });
  }
  return invalidParams([{ pointer: '', message: 'the request is not valid HTTP/1.1' }]);
}
