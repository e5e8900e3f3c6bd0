import { type ValidateFunction } from 'ajv';
import { invalidParams } from '../kernel/errors.js';
import { type OpenApiDocument, compileSchema, violationsOf } from './contract.js';
import { hasManyValues } from './many-values.js';

/** Checks bodies against the schemas of a contract; of small ones every violation is told. */
export class BodyRules {
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor(private readonly contract: OpenApiDocument) {}

  /** @throws AppError `INVALID_PARAMS` with every violation */
  parse<Body>(schema: string, body: unknown): Body {
    const check = this.checkOf(schema, hasManyValues(body) ? 'first' : 'all');
    if (check(body)) return body as Body;
    throw invalidParams(violationsOf(check.errors ?? []));
  }

  private checkOf(schema: string, find: 'all' | 'first'): ValidateFunction {
    const name = `${schema}/${find}`;
    const known = this.compiled.get(name);
    if (known !== undefined) return known;
    const check = compileSchema(this.contract, schema, Infinity, find);
    this.compiled.set(name, check);
    return check;
  }
}

/** The same for bodies of the data plane. */
export class DataRules extends BodyRules {}
