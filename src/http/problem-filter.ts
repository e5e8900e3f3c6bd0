import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '../kernel/errors.js';
import { type Logger } from '../observability/logger.js';
import { type Redactor } from '../observability/redactor.js';
import { problemBody, problemHeaders } from './problem.js';
import { correlationOf } from './request-facts.js';

/** Turns whatever a request ran into into one problem body. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly redactor: Redactor,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = this.asAppError(thrown, request);
    const correlationId = request.facts?.correlationId ?? correlationOf(request).correlationId;
    void reply
      .code(error.status)
      .headers({ 'X-Correlation-Id': correlationId, ...problemHeaders(error) })
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(JSON.stringify(this.redactor.value(problemBody(error, pathOf(request), correlationId))));
  }

  private asAppError(thrown: unknown, request: FastifyRequest): AppError {
    if (thrown instanceof AppError) return thrown;
    const status = statusOf(thrown);
    if (status === 413)
      return new AppError(
        'PAYLOAD_TOO_LARGE',
        `the body is larger than ${request.routeOptions.bodyLimit} bytes, the most that this route takes; send a smaller one`,
      );
    if (status === 415)
      return new AppError('INVALID_PARAMS', 'the body must be application/json, not encoded', { status: 415 });
    if (status === 404)
      return new AppError(
        'NOT_FOUND',
        `no route ${request.method} ${pathOf(request)}; GET /openapi/data.json lists them`,
      );
    if (status !== undefined && status >= 400 && status < 500)
      return new AppError('INVALID_PARAMS', 'the request could not be read', { cause: thrown });
    this.logger.error('internal', 'a request failed', {
      correlation_id: request.facts?.correlationId,
      error: describe(thrown),
    });
    return new AppError('INTERNAL', 'something failed inside the server; report the correlation id to the operator', {
      cause: thrown,
    });
  }
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const status =
    typeof thrown === 'object' && thrown !== null && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** For the log alone. */
function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}
