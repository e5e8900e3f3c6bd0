import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type EngineAdapter } from '@llama-orch/plugin-sdk';

import { brokenModels, soundModel } from './support/broken-models.js';
import { ask, chat, createAdapter, HAIKU_DIGEST, isAlive, never, open, until } from './support/replica.js';

describe('a model file', () => {
  let folder: string;
  let adapter: EngineAdapter;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embedded-'));
    adapter = await createAdapter();
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(brokenModels().map((model) => [model.kind, model] as const))(
    '%s is refused with its name and a reason, and the daemon goes on (ORCH-3037-v31)',
    async (kind, { bytes, says }) => {
      const name = `${kind.replaceAll(' ', '-')}.gguf`;
      const path = join(folder, name);
      await writeFile(path, bytes);
      const replica = await open(adapter, { ref: 'broken', path });
      const health = await replica.health(never);
      expect(health.state).toBe('failed');
      expect(health.reason).toContain(name);
      expect(health.reason).not.toContain(folder);
      expect(health.reason).toMatch(says ?? /cannot load/);
      await expect(ask(replica, chat('hi'))).rejects.toMatchObject({ code: 'invalid-input', reason: 'model_unusable' });
      await until(() => !isAlive(replica.runnerPid));
      await replica.close();
    },
  );

  it('that does not exist is named without its folder', async () => {
    const replica = await open(adapter, { ref: 'gone', path: join(folder, 'gone.gguf') });
    const { state, reason } = await replica.health(never);
    expect({ state, reason }).toEqual({
      state: 'failed',
      reason: 'The model file gone.gguf does not exist; pull the model or correct its path.',
    });
    await replica.close();
  });

  it('at any path is served with the digest of its bytes (OC-ADAPT-5011)', async () => {
    const path = join(folder, 'copy.gguf');
    await writeFile(path, soundModel());
    const replica = await open(adapter, { ref: 'copy', path });
    expect((await replica.describe(never)).modelDigest).toBe(HAIKU_DIGEST);
    await replica.close();
  });

  it('must be known before anything starts', async () => {
    await expect(open(adapter, { ref: 'unknown' })).rejects.toMatchObject({
      code: 'unavailable',
      reason: 'model_missing',
    });
  });
});
