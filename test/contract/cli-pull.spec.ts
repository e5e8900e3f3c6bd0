import { type CatalogModel, type ModelFetch, type ModelInspection } from '@llama-orch/client';
import { refusal, type Route } from './support/contract-server.js';
import { always, cli, closeServerAfterEach, server } from './support/cli-rig.js';
import { type TestIo } from './support/test-io.js';

closeServerAfterEach();

const REF = 'hf:team/pond/a.gguf';
const PINNED = `${REF}@0123456789abcdef0123456789abcdef01234567`;
const DIGEST = `sha256:${'ab'.repeat(32)}`;
const GIB = 1024 ** 3;

const FOUND: ModelInspection = {
  ...{ ref: REF, pinned_ref: PINNED, revision: 'abc', registry: 'huggingface.co/team/pond', digest: DIGEST, files: 1 },
  ...{ size_bytes: 4 * GIB, weights_bytes: 4 * GIB, kv_bytes: GIB, ctx: 8_192, fit: 'fits', devices_bytes: [24 * GIB] },
};
const FETCH: ModelFetch = {
  ...{ id: '7b502c3a1f48c8609ae212cd', ref: REF, state: 'resolving', bytes: 0, total: null, percent: null },
  ...{ bytes_per_s: 0, eta_ms: null, stalled: false, files: 0, files_done: 0, digest: null, error: null },
};
const HALF: ModelFetch = {
  ...FETCH,
  ...{ state: 'fetching', bytes: 2 * GIB, total: 4 * GIB, percent: 50, bytes_per_s: 100 * 1024 ** 2, eta_ms: 20_480 },
};
const DONE: ModelFetch = { ...HALF, state: 'done', bytes: 4 * GIB, percent: 100, digest: DIGEST };

/** What the catalog makes of what it is told. */
function modelOf(told: Partial<CatalogModel>): CatalogModel {
  return {
    ...{ id: 'a', digest: DIGEST, source_url: PINNED, version: null, aliases: [], tags: [], manifests: [] },
    ...{ signatures: [], sbom: null, trust_policy: null, state: 'Active', local: true, added_by: 'local' },
    ...{ created_ms: 1, last_verification: null, warnings: [] },
    ...{ size_bytes: 4 * GIB, resolved_ref: null, quarantined: false, fetch: null },
    ...told,
  };
}

/** A daemon that fetches, one state after the other, the last for ever; its catalog holds these models. */
function daemon(
  states: readonly ModelFetch[],
  found: Partial<ModelInspection> = {},
  models: readonly CatalogModel[] = [],
): Record<string, Route> {
  const left = [...states];
  return {
    'GET /v1/catalog/models': ({ query }) => {
      const at = Number(query.get('cursor') ?? 0);
      return {
        status: 200,
        body: { items: models.slice(at, at + 1), next_cursor: at + 1 < models.length ? `${at + 1}` : null },
      };
    },
    'POST /v1/catalog/models': ({ body }) => ({ status: 201, body: modelOf(body as Partial<CatalogModel>) }),
    'POST /v1/catalog/inspections': always({ status: 200, body: { ...FOUND, ...found } }),
    'POST /v1/catalog/fetches': always({ status: 202, body: FETCH }),
    'GET /v1/catalog/fetches/{id}': () => ({ status: 200, body: left.length > 1 ? left.shift()! : left[0]! }),
    'DELETE /v1/catalog/fetches/{id}': always({ status: 204 }),
  };
}

describe('llama-orch models pull', () => {
  it('prints the digest, and tells where it is as plain lines off a terminal (ORCH-3090)', async () => {
    const { code, io } = await cli(['models', 'pull', REF, '--digest', DIGEST], daemon([HALF, HALF, DONE]));
    expect([code, io.out]).toEqual([0, `${DIGEST}\n`]);
    expect(io.err.split('\n')).toEqual([
      `resolved to ${PINNED}`,
      `[############............] 50.0 %  2.0 GiB of 4.0 GiB  100 MiB/s  20.5 s left`,
      'in the catalog as a: name it in a pool with model: a',
      '',
    ]);
    expect(server.received[1]?.body).toEqual({ ref: REF, digest: DIGEST });
  });

  it('draws a bar on a terminal, and takes it away in the end', async () => {
    const { io } = await cli(['models', 'pull', REF], daemon([HALF, { ...HALF, stalled: true }, DONE]), {
      isTty: true,
    });
    expect(io.err).toContain('\r\u001b[2K[############............] 50.0 %');
    expect(io.err).toContain('stalled');
    expect(io.err).toMatch(/\r\u001b\[2K(?!.*%)/s);
  });

  it('adds what came to the catalog, with its digest and where exactly it was (ORCH-3090, ORCH-3062)', async () => {
    await cli(['models', 'pull', REF], daemon([DONE]));
    const added = server.received.find(({ method, path }) => method === 'POST' && path === '/v1/catalog/models');
    expect(added?.body).toEqual({ id: 'a', digest: DIGEST, source_url: PINNED });
  });

  it.each([
    ['has the same bytes', modelOf({ id: 'pond', source_url: 'file:/pond.gguf' })],
    ['a pool brought along', modelOf({ id: 'pond', source_url: REF, digest: null })],
  ])('leaves a model as it is that %s, and names it (ORCH-3090)', async (_what, known) => {
    const other = modelOf({ id: 'other', digest: `sha256:${'cd'.repeat(32)}` });
    const { code, io } = await cli(['models', 'pull', REF], daemon([DONE], {}, [other, known]));
    expect([code, server.count('POST /v1/catalog/models')]).toEqual([0, 0]);
    expect(io.err).toContain('in the catalog as pond');
  });

  it('adds the same bytes once more under a name that is asked for (ORCH-3090)', async () => {
    const { io } = await cli(['models', 'pull', REF, '--id', 'frogs'], daemon([DONE], {}, [modelOf({ id: 'pond' })]));
    expect(io.err).toContain('in the catalog as frogs');
  });

  it.each([
    ['CONFLICT', 409, 'another --id'],
    ['UNTRUSTED_ARTIFACT', 403, `llama-orch models add <id> --digest ${DIGEST} --source ${PINNED} --signature <file>`],
  ] as const)('says what to do with weights that the catalog refuses: %s (ORCH-3090)', async (code, status, says) => {
    const routes = { ...daemon([DONE]), 'POST /v1/catalog/models': always(refusal(code, status)) };
    const answer = await cli(['models', 'pull', REF], routes);
    expect(answer.code).not.toBe(0);
    expect(answer.io.err).toContain(`the weights are here, but not in the catalog: `);
    expect(answer.io.err).toContain(says);
  });

  it('says how a local file is added instead, and asks nobody (ORCH-3090)', async () => {
    const { code, io } = await cli(['models', 'pull', 'file:/models/a.gguf'], daemon([DONE]));
    expect([code, server.received]).toEqual([2, []]);
    expect(io.err).toContain('llama-orch models add <id> --source file:/models/a.gguf');
  });

  it('prints one JSON document on request', async () => {
    const { io } = await cli(['models', 'pull', REF, '--json'], daemon([DONE]));
    expect(io.json).toMatchObject({ schema_version: 1, state: 'done', digest: DIGEST });
  });

  it('refuses what does not fit before a byte comes, unless it is forced to (ORCH-3003-v31)', async () => {
    const tooLarge = { fit: 'too_large', devices_bytes: [2 * GIB, 2 * GIB] } as const;
    const { code, io } = await cli(['models', 'pull', REF, '--ctx', '32768'], daemon([DONE], tooLarge));
    expect(code).toBe(1);
    expect(io.err).toMatch(/weights of 4\.0 GiB and a cache of 1\.0 GiB do not fit .*2\.0 GiB \+ 2\.0 GiB.*--force/);
    expect(server.count('POST /v1/catalog/fetches')).toBe(0);
    expect(server.received[0]?.body).toEqual({ ref: REF, ctx: 32_768 });
    await server.close();
    const forced = await cli(['models', 'pull', REF, '--force'], daemon([DONE], tooLarge));
    expect([forced.code, forced.io.out]).toEqual([0, `${DIGEST}\n`]);
    expect(forced.io.err).toContain('warning: weights');
  });

  it('says what went wrong (ORCH-3091)', async () => {
    const failed = daemon([{ ...HALF, state: 'failed', error: 'the disk is full; make room and try again to go on' }]);
    const { code, io } = await cli(['models', 'pull', REF], failed);
    expect(code).toBe(1);
    expect(io.err).toContain('the disk is full; make room and try again to go on');
  });

  it('calls the fetch off at Ctrl-C, and says that what came is kept', async () => {
    let terminal: TestIo | undefined;
    const routes = daemon([HALF]);
    const onceMore = routes['GET /v1/catalog/fetches/{id}']!;
    const pressing: Route = (request) => {
      setImmediate(() => terminal?.pressCtrlC());
      return onceMore(request);
    };
    const prepare = (io: TestIo) => void (terminal = io);
    const { code, io } = await cli(
      ['models', 'pull', REF],
      { ...routes, 'GET /v1/catalog/fetches/{id}': pressing },
      {},
      prepare,
    );
    expect(code).toBe(130);
    expect(io.err).toContain(`what has come is kept; go on with: llama-orch models pull ${REF}`);
    expect(server.count('DELETE /v1/catalog/fetches/{id}')).toBe(1);
  });

  it('fetches a model of the catalog by its id (ORCH-3091)', async () => {
    const routes = { ...daemon([DONE]), 'POST /v1/catalog/models/{id}/fetch': always({ status: 202, body: FETCH }) };
    const { code, io } = await cli(['models', 'pull', 'pond'], routes);
    expect([code, io.out]).toEqual([0, `${DIGEST}\n`]);
    expect(server.received[0]).toMatchObject({ id: 'pond' });
  });

  it('tells the refusal of the daemon', async () => {
    const refused = always(refusal('POLICY_DENIED', 403));
    const { code } = await cli(['models', 'pull', REF], { 'POST /v1/catalog/inspections': refused });
    expect(code).toBe(77);
  });
});
