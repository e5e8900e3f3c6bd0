import { type CreateTask } from '@llama-orch/client';
import { type ValidateFunction } from 'ajv';
import { TaskRules } from '../admission/submission.js';
import { invalidParams } from '../kernel/errors.js';
import { type OpenApiDocument, compileSchema, violationsOf } from './contract.js';

/** The body of POST /v1/tasks, checked against the contract itself. */
export class ContractRules extends TaskRules {
  private readonly validate: ValidateFunction;

  constructor(contract: OpenApiDocument, maxTokens: number) {
    super();
    this.validate = compileSchema(contract, 'CreateTask', maxTokens);
  }

  override parse(body: unknown): CreateTask {
    if (this.validate(body)) return body as CreateTask;
    throw invalidParams(violationsOf(this.validate.errors ?? []), { engine: null });
  }
}
