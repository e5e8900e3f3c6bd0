import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.js';
import { Metrics } from '../../observability/metrics.js';
import { problemPage } from '../problem-page.js';
import { type Check, Probes } from '../probes.js';
import { ServedDocuments } from '../served-documents.js';

/** Probes, metrics and the documents of the API. */
@Controller()
export class OperationController {
  constructor(
    private readonly probes: Probes,
    private readonly metrics: Metrics,
    private readonly documents: ServedDocuments,
  ) {}

  @Get('livez')
  live(@Req() request: FastifyRequest, @Query() query: object, @Res() reply: FastifyReply): void {
    sendProbe(request, query, reply, this.probes.live());
  }

  @Get('healthz')
  health(@Req() request: FastifyRequest, @Query() query: object, @Res() reply: FastifyReply): void {
    sendProbe(request, query, reply, this.probes.live());
  }

  @Get('readyz')
  ready(@Req() request: FastifyRequest, @Query() query: object, @Res() reply: FastifyReply): void {
    sendProbe(request, query, reply, this.probes.ready());
  }

  @Get('metrics')
  async scrape(@Res() reply: FastifyReply): Promise<void> {
    void reply.header('content-type', this.metrics.registry.contentType).send(await this.metrics.text());
  }

  @Get('openapi/:name')
  document(@Param('name') name: string, @Res() reply: FastifyReply): void {
    const text = this.documents.get(name);
    if (text === undefined)
      throw new AppError('NOT_FOUND', `there is no such document; there are: ${this.documents.names.join(', ')}`);
    void reply.header('content-type', 'application/json; charset=utf-8').send(text);
  }

  @Get('problems/:slug')
  problem(@Param('slug') slug: string, @Res() reply: FastifyReply): void {
    const page = problemPage(slug);
    if (page === undefined) throw new AppError('NOT_FOUND', 'no error code has this page');
    void reply.header('content-type', 'text/plain; charset=utf-8').send(page);
  }
}

/** Details are for callers whose key has the scope `observe`. */
function sendProbe(request: FastifyRequest, query: object, reply: FastifyReply, checks: readonly Check[]): void {
  const failed = checks.filter((check) => !check.ok);
  const verbose = 'verbose' in query && request.facts.scopes.includes('observe');
  const lines = checks.map(({ name, ok }) => (ok ? `[+]${name} ok` : `[-]${name} failed`)).join('\n');
  const word = failed.length === 0 ? 'ok' : (failed[0]?.word ?? 'failed');
  void reply
    .code(failed.length === 0 ? 200 : 503)
    .header('content-type', 'text/plain; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(verbose ? `${lines}\n` : word);
}
