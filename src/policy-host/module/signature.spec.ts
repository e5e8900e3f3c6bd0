import { generateKeyPairSync } from 'node:crypto';
import { generateKeys, keyIdOf, readKeyring, signModule, verifyModule } from './signature.js';

const bytes = Buffer.from('a module');
const { privateKey, publicKey, keyId } = generateKeys();
const stranger = generateKeys();
const signed = signModule(bytes, privateKey, '2026-01-02T03:04:05Z');

function refusal(message: string): unknown {
  return expect.objectContaining({ code: 'POLICY_SIGNATURE', message: expect.stringContaining(message) });
}

describe('a signature', () => {
  it('proves who signed these bytes, and when they say they did (OC-POLICY-4010)', () => {
    expect(verifyModule(bytes, JSON.stringify(signed), [stranger.publicKey, publicKey])).toEqual({
      keyId,
      signedAt: '2026-01-02T03:04:05Z',
    });
    expect(keyIdOf(publicKey)).toBe(keyId);
    expect(keyId).toMatch(/^[0-9a-f]{16}$/);
  });

  it('needs no time', () => {
    const { signed_at, ...file } = signModule(bytes, privateKey);
    expect(signed_at).toBeUndefined();
    expect(verifyModule(bytes, JSON.stringify(file), [publicKey])).toEqual({ keyId, signedAt: undefined });
  });

  it.each([
    ['there is none', bytes, undefined, 'the module is not signed'],
    [
      'the module was changed',
      Buffer.from('another'),
      JSON.stringify(signed),
      `the signature is for ${signed.digest} and the module is sha256:`,
    ],
    [
      'the key is not trusted',
      bytes,
      JSON.stringify(signModule(bytes, stranger.privateKey)),
      `with the key ${stranger.keyId}, which is not trusted`,
    ],
    [
      'another key signed under this name',
      bytes,
      JSON.stringify({ ...signModule(bytes, stranger.privateKey), key_id: keyId }),
      `does not fit the key ${keyId}`,
    ],
    [
      'the time was changed',
      bytes,
      JSON.stringify({ ...signed, signed_at: '2030-01-01T00:00:00Z' }),
      'does not fit the key',
    ],
    ['the time was taken away', bytes, JSON.stringify({ ...signed, signed_at: undefined }), 'does not fit the key'],
    ['the signature is short', bytes, JSON.stringify({ ...signed, signature: 'AAAA' }), 'does not fit the key'],
    ['the file is no JSON', bytes, '-----BEGIN', 'the signature file is malformed; sign the module again'],
    ['the algorithm is another', bytes, JSON.stringify({ ...signed, algo: 'none' }), 'malformed at algo'],
    ['the file says more', bytes, JSON.stringify({ ...signed, trusted: true }), 'malformed'],
  ])('is refused when %s', (_what, module, text, message) => {
    expect(() => verifyModule(module, text, [publicKey])).toThrow(refusal(message) as Error);
  });

  it('is refused when nobody is trusted', () => {
    expect(() => verifyModule(bytes, JSON.stringify(signed), [])).toThrow(refusal('not trusted') as Error);
  });
});

describe('a key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });

  it('of another kind is refused', () => {
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => signModule(bytes, pem)).toThrow(refusal('the private key is rsa; ed25519 is needed') as Error);
    expect(() => keyIdOf(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString())).toThrow(
      refusal('rsa') as Error,
    );
  });

  it('that cannot be read is refused without a word of what it holds', () => {
    expect(() => signModule(bytes, 'MC4CAQAwBQYDK2Vw')).toThrow(
      refusal('the private key is not PEM that can be read') as Error,
    );
  });

  it('ring is a file of PEM blocks with anything between them', () => {
    expect(readKeyring(`# operations\n${publicKey}\n# release\n${stranger.publicKey}`).map(keyIdOf)).toEqual([
      keyId,
      stranger.keyId,
    ]);
    expect(readKeyring('')).toEqual([]);
  });
});
