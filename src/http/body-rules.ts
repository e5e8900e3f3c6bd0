import { type ValidateFunction } from 'ajv';
import { invalidParams } from '../kernel/errors.js';
import { type OpenApiDocument, compileSchema, violationsOf } from './contract.js';

/** Checks bodies against the schemas of a contract; small ones, of which every violation is told. */
export class BodyRules {
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor(private readonly contract: OpenApiDocument) {}

  /** @throws AppError `INVALID_PARAMS` with every violation */
  parse<Body>(schema: string, body: unknown): Body {
    const check = this.checkOf(schema);
    if (check(body)) return body as Body;
    throw invalidParams(violationsOf(check.errors ?? []));
  }

  private checkOf(schema: string): ValidateFunction {
    const known = this.compiled.get(schema);
    if (known !== undefined) return known;
    const check = compileSchema(this.contract, schema, Infinity, 'all');
    this.compiled.set(schema, check);
    return check;
  }
}
