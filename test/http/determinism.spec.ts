import { textOf, terminalOf } from '../support/read-events.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

const SEEDS = 64;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    pools: [{ id: 'haiku', engine: 'embedded', model: 'haiku-nano', queue: { capacity: 256 } }],
  });
});

async function run(seed: number, more: object = {}): Promise<string> {
  const prompt = 'Write a haiku about the minute twenty-nine and include the nonce "q7xk2m9p".';
  const body = {
    workload: 'completion',
    model_ref: 'haiku-nano',
    priority: 'interactive',
    prompt,
    max_tokens: 12,
    seed,
  };
  const { task_id } = await app.submit({ ...body, params: { temperature: 0.7 }, ...more });
  const frames = await app.frames(task_id);
  expect(terminalOf(frames).event).toBe('end');
  return textOf(frames);
}

describe('The embedded engine over HTTP', () => {
  it('writes the same bytes for the same seed, for 64 seeds, alone or behind a queue (ORCH-3045, OC-CORE-1030, OC-TEST-7003, ORCH-3050)', async () => {
    const seeds = Array.from({ length: SEEDS }, (_, index) => index);
    const queued = await Promise.all(seeds.map((seed) => run(seed)));
    const alone: string[] = [];
    for (const seed of seeds) alone.push(await run(seed));
    expect(alone).toEqual(queued);
    expect(new Set(alone).size).toBeGreaterThan(SEEDS / 4);
  });

  it('writes greedily without parameters, whatever the seed (OC-ADAPT-5010)', async () => {
    const texts = [await run(1, { params: {} }), await run(2, { params: {} })];
    expect(texts[0]).toBe(texts[1]);
  });

  it('tells what it promised in started (ORCH-3046, OC-CORE-1031, OC-CLI-2901)', async () => {
    const { task_id, seed } = await app.submit({
      workload: 'completion',
      model_ref: 'haiku-nano',
      priority: 'interactive',
      prompt: 'x',
      max_tokens: 1,
      determinism: 'strict',
    });
    const [started] = await app.frames(task_id);
    expect(started?.data).toMatchObject({
      ...{ determinism: 'exact', sampler_profile_version: 'v1', seed },
      ...{
        engine: 'embedded',
        engine_version: expect.stringMatching(/llama\.cpp/),
        model_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      },
    });
  });

  it('serves its model by name and by digest, and names near ones for a slip (ORCH-3090)', async () => {
    const { model_digest } = (await app.call<{ model_digest: string }>('/v1/pools/haiku/health')).body;
    expect(await run(3, { model_ref: model_digest })).toBe(await run(3));
    const answer = await app.post({
      workload: 'completion',
      model_ref: 'haiku-nani',
      priority: 'batch',
      prompt: 'x',
      max_tokens: 1,
    });
    expect([answer.status, answer.text]).toEqual([404, expect.stringContaining('haiku-nano')]);
  });
});
