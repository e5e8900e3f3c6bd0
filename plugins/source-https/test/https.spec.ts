import { type SourceCall } from '@llama-orch/plugin-sdk';
import { HttpsSource } from '../src/https-source.js';

const HASH = 'ab'.repeat(32);

async function resolve(ref: string, status = 200, headers: Record<string, string> = { 'content-length': '12' }) {
  const calls: SourceCall[] = [];
  const options = { plain_http: ['mirror:8080'], authorization_env: { 'a.example': 'KEY' } };
  const source = new HttpsSource(options, { KEY: 'Bearer planted' });
  const model = await source.resolve(ref, async (call) => {
    calls.push(call);
    return { status, headers, body: new Uint8Array(), finalUrl: call.url };
  });
  return { calls, model };
}

describe('the source https', () => {
  it('demands the digest at the end of a ref, and sends it to nobody (ORCH-3090)', async () => {
    const { calls, model } = await resolve(`https://b.example/x/a%20b.gguf?v=1#sha256=${HASH.toUpperCase()}`);
    expect(calls).toEqual([{ method: 'HEAD', url: 'https://b.example/x/a%20b.gguf?v=1' }]);
    expect(model.files[0]).toMatchObject({ path: 'a b.gguf', sizeBytes: 12, digest: `sha256:${HASH}` });
  });

  it('shows the key of a host to that host, in secret headers alone (ORCH-3206)', async () => {
    expect((await resolve('https://a.example/a.gguf')).calls[0]?.secretHeaders).toEqual({
      authorization: 'Bearer planted',
    });
    expect((await resolve('https://a.example.org/a.gguf')).calls[0]?.secretHeaders).toBeUndefined();
  });

  it('goes without TLS where the operator says so, and nowhere else', async () => {
    expect((await resolve('https://mirror:8080/a.gguf')).calls[0]?.url).toBe('http://mirror:8080/a.gguf');
    await expect(resolve('http://mirror:8080/a.gguf')).rejects.toMatchObject({ kind: 'malformed' });
  });

  it.each([
    [405, undefined],
    [403, undefined],
  ])('goes on without a size when HEAD answers %i', async (status, size) => {
    expect((await resolve('https://b.example/a.gguf', status)).model.files[0]?.sizeBytes).toBe(size);
  });

  it.each([
    [404, 'missing'],
    [401, 'denied'],
    [500, 'unavailable'],
  ])('says what a %i means', async (status, kind) => {
    await expect(resolve('https://b.example/a.gguf', status)).rejects.toMatchObject({ kind });
  });
});
