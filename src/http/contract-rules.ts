import { type CreateTask } from '@llama-orch/client';
import { type ValidateFunction } from 'ajv';
import { TaskRules } from '../admission/submission.js';
import { invalidParams } from '../kernel/errors.js';
import { type OpenApiDocument, compileSchema, violationsOf } from './contract.js';
import { hasManyValues } from './many-values.js';

/** The body of POST /v1/tasks, checked against the contract itself. */
export class ContractRules extends TaskRules {
  private readonly check: ValidateFunction;
  private readonly findAll: ValidateFunction;

  constructor(contract: OpenApiDocument, maxTokens: number) {
    super();
    this.check = compileSchema(contract, 'CreateTask', maxTokens, 'first');
    this.findAll = compileSchema(contract, 'CreateTask', maxTokens, 'all');
  }

  override parse(body: unknown): CreateTask {
    if (this.check(body)) return body as CreateTask;
    const explain = hasManyValues(body) ? this.check : this.findAll;
    explain(body);
    throw invalidParams(violationsOf(explain.errors ?? []), { engine: null });
  }
}
