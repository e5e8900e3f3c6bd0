import { type SourceCall } from '@llama-orch/plugin-sdk';
import { keysOf, s3Options } from '../src/options.js';
import { S3Source } from '../src/s3-source.js';
import { signed } from '../src/sign.js';

/** The keys and the time of the examples that AWS publishes. */
const KEYS = {
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
};
const NOW = new Date('2013-05-24T00:00:00Z');

async function resolve(
  ref: string,
  options: object,
  headers: Record<string, string> = {},
  keys: typeof KEYS | undefined = KEYS,
) {
  const calls: SourceCall[] = [];
  const source = new S3Source(
    s3Options.parse(options),
    () => keys,
    () => NOW,
  );
  const model = await source.resolve(ref, async (call) => {
    calls.push(call);
    return { status: 200, headers, body: new Uint8Array(), finalUrl: '' };
  });
  return { calls, model };
}

describe('the source s3', () => {
  it('signs as AWS does: an example that it publishes (ORCH-3090)', () => {
    const url = new URL('https://examplebucket.s3.amazonaws.com/test.txt');
    const { secretHeaders } = signed({ method: 'GET', url, headers: { range: 'bytes=0-9' } }, KEYS, 'us-east-1', NOW);
    expect(secretHeaders['authorization']).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('signs a query as AWS does: another one of its examples', () => {
    const url = new URL('https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2');
    const { secretHeaders } = signed({ method: 'GET', url, headers: {} }, KEYS, 'us-east-1', NOW);
    expect(secretHeaders['authorization']).toMatch(
      /Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/,
    );
  });

  it.each([
    ['the host by default', {}, 'https://models.s3.us-east-1.amazonaws.com/team/a%20b%28c%29.gguf'],
    [
      'the path with an endpoint',
      { endpoint: 'https://minio:9000' },
      'https://minio:9000/models/team/a%20b%28c%29.gguf',
    ],
    [
      'the host where it is wanted',
      { endpoint: 'https://minio:9000', path_style: false },
      'https://models.minio:9000/team/a%20b%28c%29.gguf',
    ],
  ])('names the bucket in %s', async (_what, options, url) => {
    const { calls } = await resolve('s3://models/team/a b(c).gguf', options);
    expect(calls.map((call) => call.url)).toEqual([url]);
  });

  it('shows keys in secret headers alone, and signs each call anew (ORCH-3206)', async () => {
    const { calls, model } = await resolve('s3://models/a.gguf', {}, {}, { ...KEYS, sessionToken: 'planted' } as never);
    const [{ place } = {} as never] = model.files;
    const call = place?.type === 'remote' ? await place.ask(() => Promise.reject(new Error())) : undefined;
    for (const one of [...calls, call]) {
      expect(Object.keys(one?.secretHeaders ?? {})).toEqual(['x-amz-security-token', 'authorization']);
      expect(JSON.stringify({ ...one, secretHeaders: {} })).not.toMatch(/planted|EXAMPLE/);
    }
    expect(call?.secretHeaders?.['authorization']).toContain(
      'SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token',
    );
  });

  it('pins a version, and takes a digest of the whole alone (ORCH-3062)', async () => {
    const whole = await resolve(
      's3://models/a.gguf',
      {},
      {
        'x-amz-version-id': 'v7',
        'x-amz-checksum-sha256': Buffer.alloc(32, 0xab).toString('base64'),
        'content-length': '12',
      },
    );
    expect(whole.model).toMatchObject({ revision: 'v7', pinnedRef: 's3://models/a.gguf?versionId=v7' });
    expect(whole.model.files[0]).toMatchObject({ digest: `sha256:${'ab'.repeat(32)}`, sizeBytes: 12 });
    const parts = await resolve(
      's3://models/a.gguf',
      {},
      {
        'x-amz-version-id': 'null',
        'x-amz-checksum-sha256': `${Buffer.alloc(32, 0xab).toString('base64')}-3`,
      },
    );
    expect(parts.model.pinnedRef).toBe('s3://models/a.gguf');
    expect(parts.model.files[0]?.digest).toBeUndefined();
  });

  it('signs nothing without keys, or when it is told so', () => {
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    expect(keysOf(s3Options.parse({}), env)).toEqual({ accessKey: 'a', secretKey: 'b', sessionToken: undefined });
    expect(keysOf(s3Options.parse({ anonymous: true }), env)).toBeUndefined();
    expect(keysOf(s3Options.parse({}), { AWS_ACCESS_KEY_ID: 'a' })).toBeUndefined();
  });
});
