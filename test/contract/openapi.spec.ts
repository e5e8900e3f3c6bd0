import { CONTRACTS, examplesOf, type Contract, type Response } from './support/openapi.js';
import { requirementLevels } from './support/requirements.js';

const OPERATIONS = CONTRACTS.flatMap((contract) =>
  contract.operations().map((entry) => ({ ...entry, contract, title: `${entry.method} ${entry.path}` })),
);

describe('The OpenAPI documents', () => {
  it('are OpenAPI 3.1.0, version 1.0.0, and point to nothing outside (ORCH-3044-v31, OC-CLI-2601)', () => {
    for (const { document } of CONTRACTS) {
      expect([document.openapi, document.info.version]).toEqual(['3.1.0', '1.0.0']);
      expect(JSON.stringify(document).match(/"\$ref":"[^#][^"]*"/g)).toBeNull();
    }
  });

  it('hold only schemas that a strict validator understands (ORCH-3044-v31)', () => {
    for (const contract of CONTRACTS) {
      const names = Object.keys(contract.document.components['schemas'] ?? {});
      expect(names.length).toBeGreaterThan(5);
      for (const name of names) expect(contract.schema(name)).toBeInstanceOf(Function);
    }
  });

  it('give each operation an id of its own (ORCH-3044-v31)', () => {
    const ids = OPERATIONS.map(({ operation }) => operation.operationId);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('resolve every reference (ORCH-3044-v31)', () => {
    for (const contract of CONTRACTS) {
      const references = JSON.stringify(contract.document).match(/"#\/components\/[^"]+"/g) ?? [];
      const broken = references.filter((text) => contract.resolve({ $ref: JSON.parse(text) as string }) === undefined);
      expect(broken).toEqual([]);
    }
  });
});

describe.each(OPERATIONS)('$title', ({ contract, operation, path }) => {
  it('names requirements that exist (ORCH-4951)', () => {
    const known = requirementLevels();
    expect(operation['x-req-id']?.length).toBeGreaterThan(0);
    expect(operation['x-req-id']?.filter((id) => !known.has(id))).toEqual([]);
  });

  it('declares who may call it (OC-CTRL-2040, FR-SI-001)', () => {
    expect(operation.security ?? contract.document.security).toBeInstanceOf(Array);
  });

  it('has request examples that are valid (OC-CTRL-2067, OC-CTRL-2069)', () => {
    for (const parameter of (operation.parameters ?? []).map((item) => contract.resolve(item))) {
      expect(parameter).toHaveProperty('example');
      const schema = parameter['schema'] as Record<string, unknown>;
      expect(contract.faults(schema, parameter['example'])).toEqual([]);
    }
    for (const content of Object.values(operation.requestBody?.content ?? {})) {
      expect(examplesOf(content).length).toBeGreaterThan(0);
      for (const example of examplesOf(content)) expect(contract.faults(content.schema, example)).toEqual([]);
    }
  });

  it('declares each member of its path (ORCH-3044-v31)', () => {
    const inPath = (operation.parameters ?? [])
      .map((item) => contract.resolve(item))
      .filter((parameter) => parameter['in'] === 'path');
    expect(inPath.map((parameter) => `{${String(parameter['name'])}}`)).toEqual(path.match(/\{[^}]+\}/g) ?? []);
  });

  it.each(responsesOf(contract, operation.responses))(
    'answers %s with a correlation id and valid examples (OC-CTRL-2052, OC-CTRL-2067, OC-CTRL-2069)',
    (_status, response) => {
      expect(response.headers).toHaveProperty('X-Correlation-Id');
      for (const content of Object.values(response.content ?? {})) {
        expect(examplesOf(content).length).toBeGreaterThan(0);
        for (const example of examplesOf(content)) expect(contract.faults(content.schema, example)).toEqual([]);
      }
    },
  );

  it('answers refusals as problems, with a wait on 429 (ORCH-2006, ORCH-2007, ORCH-4301, OC-CTRL-2011)', () => {
    for (const [status, response] of responsesOf(contract, operation.responses)) {
      const isProbe = response.content?.['text/plain'] !== undefined;
      if (Number(status) < 400 || isProbe) continue;
      expect(Object.keys(response.content ?? {})).toEqual(['application/problem+json']);
      for (const example of Object.values(response.content ?? {}).flatMap(examplesOf)) {
        expect(example).toMatchObject({ status: Number(status) });
        expect((example as { message: string }).message).toBe((example as { detail: string }).detail);
      }
      if (status === '429') expect(response.headers).toMatchObject({ 'Retry-After': {}, 'X-Backoff-Ms': {} });
    }
  });
});

describe('The stream of a task', () => {
  const [data] = CONTRACTS;
  const content = data.document.paths['/v1/tasks/{id}/stream']?.['get']?.responses['200']?.content;
  const events = content?.['text/event-stream'];

  it('declares the five events and the one on request (ORCH-2002, OC-CTRL-2020, FR-DP-002)', () => {
    const names = Object.keys(events?.['x-sse-events'] ?? {}).sort();
    expect(names).toEqual(['end', 'error', 'metrics', 'queued', 'started', 'token']);
  });

  it('has examples whose frames match their schemas (OC-CTRL-2022, ORCH-4202)', () => {
    const frames = examplesOf(events ?? { schema: {} }).flatMap((text) => String(text).split('\n\n'));
    const pattern = /^id: (\d+)\nevent: (\w+)\ndata: (.+)$/;
    const parsed = frames.filter((frame) => frame.trim() !== '').map((frame) => pattern.exec(frame.trimEnd()) ?? []);
    expect(parsed.length).toBeGreaterThan(4);
    for (const [, , event = 'none', json = ''] of parsed) {
      const schema = events?.['x-sse-events']?.[event] ?? { not: {} };
      expect(data.faults(schema, JSON.parse(json))).toEqual([]);
    }
  });
});

function responsesOf(contract: Contract, responses: Record<string, Response>): [string, Response][] {
  return Object.entries(responses).map(([status, response]) => [status, contract.resolve(response)]);
}
