import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type KeyLimits } from '../admission/limits/key-limits.js';
import { AppError } from '../kernel/errors.js';
import { type Clock } from '../kernel/clock.js';
import { type Metrics } from '../observability/metrics.js';
import { type Authenticator, type Identity, requireScope } from './authenticator.js';
import { type HostCheck } from './host-check.js';
import { correlationOf } from './request-facts.js';
import { type RouteRule, type RouteTable } from './route-table.js';

export interface EdgePorts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly authenticator: Authenticator;
  readonly keyLimits: KeyLimits;
  readonly hosts: HostCheck;
  readonly routes: RouteTable;
  /** Routes with a scope that need no key all the same, such as /metrics on loopback. */
  readonly openPaths: ReadonlySet<string>;
}

const NOBODY: Identity = { caller: { tenantId: 'default', keyId: null }, scopes: [] };
const STREAM_ROUTE = '/v1/tasks/:id/stream';
const METRICS_ROUTE = '/metrics';

/** What every request passes before its route and its body: correlation, host, encoding, key, scope. */
export class Edge {
  constructor(private readonly ports: EdgePorts) {}

  install(server: FastifyInstance): void {
    server.decorateRequest('facts');
    server.addHook('onRequest', async (request, reply) => this.receive(request, reply));
    server.addHook('onResponse', async (request, reply) => this.count(request, reply));
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  }

  private receive(request: FastifyRequest, reply: FastifyReply): void {
    const correlation = correlationOf(request);
    request.facts = { ...correlation, receivedAt: this.ports.clock.now(), caller: NOBODY.caller, scopes: [] };
    void reply.headers({ 'X-Correlation-Id': correlation.correlationId, 'X-Content-Type-Options': 'nosniff' });
    this.ports.hosts.check(request.raw);
    refuseEncodedBody(request);
    forgetTypeOfNothing(request);
    const rule = this.ruleOf(request);
    const identity = this.authorise(request, rule);
    request.facts.caller = identity.caller;
    request.facts.scopes = identity.scopes;
    if (rule?.rateLimited !== true) return;
    void reply.headers(this.ports.keyLimits.pass(identity.caller, correlation.correlationId));
  }

  private ruleOf(request: FastifyRequest): RouteRule | undefined {
    const path = request.routeOptions.url;
    return path === undefined ? undefined : this.ports.routes.rule(request.method, path);
  }

  private authorise(request: FastifyRequest, rule: RouteRule | undefined): Identity {
    const { authenticator, openPaths } = this.ports;
    if (rule !== undefined && (rule.open || openPaths.has(rule.path))) return this.identifyIfKeyed(request);
    const identity = authenticator.identify(request.headers);
    if (rule === undefined) throw this.unknownRoute(request);
    if (rule.scope !== undefined) requireScope(identity, rule.scope);
    return identity;
  }

  /** An open route tells more to a caller with a good key, and nothing about a bad one. */
  private identifyIfKeyed(request: FastifyRequest): Identity {
    try {
      return this.ports.authenticator.identify(request.headers);
    } catch {
      return NOBODY;
    }
  }

  private unknownRoute(request: FastifyRequest): AppError {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = this.ports.routes.methodsOf(path);
    if (methods.length === 0)
      return new AppError('NOT_FOUND', 'there is no such route; GET /openapi/data.json lists them');
    const allow = methods.join(', ');
    return new AppError('INVALID_PARAMS', `this route does not take ${request.method}; it takes ${allow}`, {
      status: 405,
      headers: { Allow: allow },
      members: { errors: [{ pointer: '', message: `the method must be ${allow}` }] },
    });
  }

  private count(request: FastifyRequest, reply: FastifyReply): void {
    const route = request.routeOptions.url ?? 'unknown';
    // A scrape changes no value.
    if (route === METRICS_ROUTE) return;
    this.ports.metrics.requests.inc({ route, code: String(reply.raw.statusCode) });
    if (route !== STREAM_ROUTE) this.ports.metrics.requestDuration.observe({ route }, reply.elapsedTime / 1000);
  }
}

/** Clients such as `curl -d ''` name a media type for a body that they do not send. */
function forgetTypeOfNothing({ raw, headers }: FastifyRequest): void {
  if (headers['content-length'] === '0') delete raw.headers['content-type'];
}

function refuseEncodedBody(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  throw new AppError('INVALID_PARAMS', 'the body is encoded; send it plain', {
    status: 415,
    members: { errors: [{ pointer: '/Content-Encoding', message: 'must be absent' }] },
  });
}
