import { type CreateTask } from '@llama-orch/client';
import { type ValidateFunction } from 'ajv';
import { TaskRules } from '../admission/submission.js';
import { invalidParams } from '../kernel/errors.js';
import { type OpenApiDocument, compileSchema, violationsOf } from './contract.js';

/** Bodies with more values than any good one has are told their first violation alone: a list of millions would stop the daemon. */
const MOST_VALUES = 10_000;

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
    const explain = hasMoreValuesThan(MOST_VALUES, body) ? this.check : this.findAll;
    explain(body);
    throw invalidParams(violationsOf(explain.errors ?? []), { engine: null });
  }
}

function hasMoreValuesThan(most: number, body: unknown): boolean {
  const open: unknown[] = [body];
  for (let seen = 0; open.length > 0;) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    seen += inside.length;
    if (seen > most) return true;
    open.push(...inside);
  }
  return false;
}
