import { type SourceCall } from '@llama-orch/plugin-sdk';
import { OciSource } from '../src/oci-source.js';
import { ociOptions } from '../src/options.js';
import { digestOf, manifestOf, Registry, WEIGHTS } from './registry.js';

const layer = (mediaType: string, title?: string, name = 'org.opencontainers.image.title') => ({
  ...{ mediaType, digest: digestOf(WEIGHTS), size: WEIGHTS.length },
  ...(title === undefined ? {} : { annotations: { [name]: title } }),
});

let registry: Registry;
afterEach(() => registry.server.close());

const ENV = { REGISTRY_USER: 'user', REGISTRY_PASSWORD: 'word' };
const credentials = { username_env: 'REGISTRY_USER', password_env: 'REGISTRY_PASSWORD' };

/** As the host has it, without following redirects. */
async function fetch({ method = 'GET', url, headers, secretHeaders }: SourceCall) {
  const answer = await globalThis.fetch(url, { method, headers: { ...headers, ...secretHeaders }, redirect: 'manual' });
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: await answer.bytes(),
    finalUrl: url,
  };
}

function source(now: () => number = () => 0): OciSource {
  const { host } = registry;
  return new OciSource(ociOptions.parse({ plain_http: [host], credentials: { [host]: credentials } }), ENV, now);
}

describe('the source oci', () => {
  it.each([
    [
      'ModelPack',
      layer('application/vnd.cncf.model.weight.v1.raw', 'w/a.safetensors', 'org.cncf.model.filepath'),
      ['w/a.safetensors'],
    ],
    ['ORAS', layer('application/octet-stream', 'a.gguf'), ['a.gguf']],
    ['Ollama', layer('application/vnd.ollama.image.model'), ['model.gguf']],
    ['Docker', layer('application/vnd.docker.ai.gguf.v3'), ['model.gguf']],
  ])('knows the files of %s (ORCH-3090)', async (_who, one, paths) => {
    const archive = layer('application/vnd.cncf.model.weight.v1.tar', 'b.gguf');
    registry = await Registry.start({ v1: manifestOf([one, archive, layer('application/vnd.ollama.image.params')]) });
    const { files } = await source().resolve(`oci://${registry.host}/team/pond:v1`, fetch);
    expect(files.map(({ path }) => path)).toEqual(paths);
  });

  it('follows a list of one, and names several (ORCH-3062)', async () => {
    const model = manifestOf([layer('application/vnd.ollama.image.model')]);
    const list = (count: number) =>
      Buffer.from(
        JSON.stringify({
          manifests: Array.from({ length: count }, () => ({
            mediaType: '',
            digest: digestOf(model),
            size: model.length,
          })),
        }),
      );
    registry = await Registry.start({ v1: list(1), v2: list(2), inner: model });
    const { revision } = await source().resolve(`oci://${registry.host}/team/pond:v1`, fetch);
    expect(revision).toBe(digestOf(model));
    await expect(source().resolve(`oci://${registry.host}/team/pond:v2`, fetch)).rejects.toThrow(/list of 2; name one/);
  });

  it('answers the challenge of a registry, and shows its password to nobody else (ORCH-3206)', async () => {
    registry = await Registry.start();
    registry.lock = 'password';
    const { files } = await source().resolve(`oci://${registry.host}/team/pond:v1`, fetch);
    const basic = `Basic ${btoa('user:word')}`;
    expect(registry.shown.map(([path, shown]) => [path.split('?')[0], shown])).toEqual([
      ['/v2/team/pond/manifests/v1', undefined],
      ['/token', basic],
      ['/v2/team/pond/manifests/v1', 'Bearer token-1'],
    ]);
    expect(registry.shown[1]?.[0]).toContain('scope=repository%3Ateam%2Fpond%3Apull');
    const [{ place } = {} as never] = files;
    const call = place?.type === 'remote' ? await place.ask(fetch) : undefined;
    expect(call).toMatchObject({ secretHeaders: { authorization: 'Bearer token-1' }, headers: {} });
  });

  it('asks for a token anew once the old one has run out', async () => {
    registry = await Registry.start();
    registry.lock = 'challenge';
    let now = 0;
    const { files } = await source(() => now).resolve(`oci://${registry.host}/team/pond:v1`, fetch);
    const [{ place } = {} as never] = files;
    const asked = registry.shown.length;
    now = 299_000;
    const call = place?.type === 'remote' ? await place.ask(fetch) : undefined;
    expect(registry.shown.slice(asked).map(([path]) => path.split('?')[0])).toEqual([
      expect.stringContaining('/blobs/'),
      '/token',
    ]);
    expect(call?.secretHeaders).toEqual({ authorization: 'Bearer token-1' });
  });

  it('believes no manifest under a digest that is not its own', async () => {
    registry = await Registry.start();
    const lying = async (call: SourceCall) => ({ ...(await fetch(call)), status: 200, body: manifestOf([]) });
    const ref = `oci://${registry.host}/team/pond@${digestOf(WEIGHTS)}`;
    await expect(source().resolve(ref, lying)).rejects.toThrow(/another manifest/);
  });
});
