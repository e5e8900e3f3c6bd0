import { type FastifyRequest } from 'fastify';
import { parseJsonBody } from './exact-json.js';

/** Reads JSON bodies within the limits of the config. */
export class BodyReader {
  constructor(private readonly maxDepth: number) {}

  /** @throws AppError `INVALID_PARAMS` */
  read(request: FastifyRequest): unknown {
    return parseJsonBody(request.body instanceof Buffer ? request.body : undefined, this.maxDepth);
  }
}
