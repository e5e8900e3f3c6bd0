import { ERRORS, problemType, type ErrorCode } from '../../src/kernel/errors.js';
import { CONTRACTS, examplesOf, type Response } from './support/openapi.js';

describe('The table of error codes', () => {
  it('lists the codes of the OpenAPI documents (ORCH-4301, ORCH-2006, OC-CTRL-2030)', () => {
    for (const { document } of CONTRACTS) {
      const codes = document.components['schemas']?.['ErrorCode']?.['enum'] as string[];
      expect([...codes].sort()).toEqual(Object.keys(ERRORS).sort());
    }
  });

  it('agrees with every example of a refusal (ORCH-4301, ORCH-4302, OC-CTRL-2032)', () => {
    const responses = CONTRACTS.flatMap(({ document }) => Object.values(document.components['responses'] ?? {}));
    const examples = (responses as Response[])
      .flatMap(({ content }) => Object.values(content ?? {}))
      .flatMap(examplesOf)
      .filter((example): example is Problem => typeof example === 'object');
    expect(examples.length).toBeGreaterThan(10);
    for (const { code, type, title } of examples) {
      expect({ code, type, title }).toEqual({ code, type: problemType(code), title: ERRORS[code].title });
    }
  });
});

interface Problem {
  readonly code: ErrorCode;
  readonly type: string;
  readonly title: string;
}
