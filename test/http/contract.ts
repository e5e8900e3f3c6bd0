import { type ValidateFunction } from 'ajv/dist/2020.js';
import { CONTRACTS } from '../contract/support/openapi.js';

const validators = new Map<string, ValidateFunction>();

/** Fails unless the value has the named schema of the contract. */
export function expectSchema(name: string, value: unknown): void {
  const validate = validatorOf(name);
  const valid = validate(value);
  expect({ schema: name, faults: valid ? [] : validate.errors, value }).toEqual({ schema: name, faults: [], value });
}

/** Fails unless the answer is a refusal with this status and code, and a body as the contract has it. */
export function expectProblem(
  answer: { readonly status: number; readonly body: unknown; readonly headers: Headers },
  status: number,
  code: string,
): Record<string, unknown> {
  const body = answer.body as Record<string, unknown>;
  expect({ status: answer.status, code: body['code'] }).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expectProblemBody(body, status);
  expect(answer.headers.get('x-correlation-id')).toBe(body['correlation_id']);
  return body;
}

/** What every refusal says, however it was sent. */
export function expectProblemBody(body: Record<string, unknown>, status: number): void {
  expectSchema('Problem', body);
  expect(body).toMatchObject({
    status,
    message: body['detail'],
    type: `/problems/${String(body['code']).toLowerCase().replaceAll('_', '-')}`,
  });
  expect(body['message']).not.toMatch(/node_modules|\/src\/|\/tmp\/| at [A-Z]\w+\./);
}

function validatorOf(name: string): ValidateFunction {
  const known = validators.get(name);
  if (known !== undefined) return known;
  const contract = CONTRACTS.find(({ document }) => document.components['schemas']?.[name] !== undefined);
  if (contract === undefined) throw new Error(`the contract has no schema ${name}`);
  const validate = contract.schema(name);
  validators.set(name, validate);
  return validate;
}
