import { type SourceCall, type SourceReply } from '@llama-orch/plugin-sdk';
import { HubSource } from '../src/hub-source.js';
import huggingface from '../src/index.js';
import { hubOptions, tokenOf } from '../src/options.js';
import { COMMIT } from './hub.js';

const HASH = 'ab'.repeat(32);
const SIBLINGS = [
  { rfilename: '.gitattributes', size: 10 },
  { rfilename: 'config.json', size: 20 },
  { rfilename: 'a-00001-of-00002.gguf', size: 30, lfs: { sha256: HASH, size: 30 } },
  { rfilename: 'a-00002-of-00002.gguf', size: 31, lfs: { sha256: HASH, size: 31 } },
];

async function resolve(
  ref: string,
  {
    token,
    answer = { sha: COMMIT, siblings: SIBLINGS },
    status = 200,
  }: { token?: string; answer?: unknown; status?: number } = {},
) {
  const calls: SourceCall[] = [];
  const reply = (): SourceReply => ({ status, headers: {}, body: Buffer.from(JSON.stringify(answer)), finalUrl: '' });
  const source = new HubSource(hubOptions.parse({}), token);
  const model = await source.resolve(ref, async (call) => (calls.push(call), reply()));
  return { calls, model };
}

describe('the source huggingface', () => {
  it('pins the commit of a revision, and takes the SHA-256 of large files (ORCH-3062, ORCH-3090)', async () => {
    const { calls, model } = await resolve('hf:team/pond@refs/pr/1');
    expect(calls.map(({ url }) => url)).toEqual([
      'https://huggingface.co/api/models/team/pond/revision/refs%2Fpr%2F1?blobs=true',
    ]);
    expect(model).toMatchObject({
      revision: COMMIT,
      pinnedRef: `hf:team/pond@${COMMIT}`,
      registry: 'huggingface.co/team/pond',
    });
    expect(model.files.map(({ path, sizeBytes, digest }) => [path, sizeBytes, digest])).toEqual([
      ['config.json', 20, undefined],
      ['a-00001-of-00002.gguf', 30, `sha256:${HASH}`],
      ['a-00002-of-00002.gguf', 31, `sha256:${HASH}`],
    ]);
  });

  it('finds all parts of weights by one of them, at the commit (ORCH-3090)', async () => {
    const { model } = await resolve('hf:team/pond/a-00002-of-00002.gguf');
    expect(model.pinnedRef).toBe(`hf:team/pond/a-00002-of-00002.gguf@${COMMIT}`);
    const [first] = model.files;
    const call =
      first?.place.type === 'remote' ? await first.place.ask(() => Promise.reject(new Error('asked'))) : undefined;
    expect(call?.url).toBe(`https://huggingface.co/team/pond/resolve/${COMMIT}/a-00001-of-00002.gguf`);
  });

  it('shows its token in secret headers alone, and in no error (ORCH-3206)', async () => {
    const { calls, model } = await resolve('hf:team/pond', { token: 'hf_planted' });
    const places: (SourceCall | undefined)[] = [];
    for (const { place } of model.files)
      if (place.type === 'remote') places.push(await place.ask(() => Promise.reject(new Error('asked'))));
    for (const call of [...calls, ...places]) {
      expect(call?.secretHeaders).toEqual({ authorization: 'Bearer hf_planted' });
      expect(JSON.stringify({ ...call, secretHeaders: {} })).not.toContain('hf_planted');
    }
    for (const status of [401, 403, 404, 500])
      await expect(resolve('hf:team/pond', { token: 'hf_planted', status })).rejects.toThrow(/^(?!.*hf_planted)/);
  });

  it.each([
    [404, 'missing', /check the repository/],
    [403, 'denied', /set HF_TOKEN/],
    [500, 'unavailable', /answered 500/],
  ])('says what a %i of the hub means', async (status, kind, message) => {
    const failed = resolve('hf:team/pond', { status });
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toMatchObject({ kind });
  });

  it.each([{}, { sha: 'main', siblings: [] }, { sha: COMMIT, siblings: [{ rfilename: 7 }] }, '<html>'])(
    'takes no other answer for a repository: %j',
    async (answer) => {
      await expect(resolve('hf:team/pond', { answer })).rejects.toMatchObject({ kind: 'unavailable' });
    },
  );

  it('names files that there are when one is missing', async () => {
    await expect(resolve('hf:team/pond/b.gguf')).rejects.toThrow(/no b\.gguf; it has a-00001-of-00002\.gguf/);
  });

  it('reads its token from the environment, or from the file that is named there', () => {
    expect(tokenOf({ token_env: 'HF_TOKEN' }, { HF_TOKEN: ' hf_a\n' })).toBe('hf_a');
    expect(tokenOf({ token_env: 'HF_TOKEN' }, { HF_TOKEN: '' })).toBeUndefined();
    expect(() => tokenOf({ token_env: 'HF_TOKEN' }, { HF_TOKEN_FILE: '/nowhere' })).toThrow('HF_TOKEN_FILE');
    expect(huggingface.options.safeParse({ endpoint: 'https://h/path' }).success).toBe(false);
  });
});
