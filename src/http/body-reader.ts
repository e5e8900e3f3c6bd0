import { type FastifyRequest } from 'fastify';
import { parseJsonBody } from './exact-json.js';
import { parseWholeBody } from './whole-json.js';

/** Reads JSON bodies within the limits of the config. */
export class BodyReader {
  constructor(private readonly maxDepth: number) {}

  /** @throws AppError `INVALID_PARAMS` */
  read(request: FastifyRequest): unknown {
    return parseJsonBody(request.body instanceof Buffer ? request.body : undefined, this.maxDepth);
  }

  /** The same for a body that is kept as it is: what would be changed or lost is refused. @throws AppError `INVALID_PARAMS` */
  readWhole(request: FastifyRequest): unknown {
    return parseWholeBody(request.body instanceof Buffer ? request.body : undefined, this.maxDepth);
  }
}
