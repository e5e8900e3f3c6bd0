import { hashKey, isKeyHash, keyIdOf, keyMatches, newKey } from './key-hash.js';

describe('key hashes', () => {
  it('match their key and no other (ORCH-3035)', () => {
    const key = newKey('ci');
    const hash = hashKey(key);
    expect([keyMatches(key, hash), keyMatches(`${key}x`, hash), keyMatches('', hash)]).toEqual([true, false, false]);
  });

  it('hold the digest, never the key, and differ for the same key', () => {
    const key = newKey('ci');
    expect(hashKey(key)).toMatch(/^hmac-sha256:[0-9a-f]{32}:[0-9a-f]{64}$/);
    expect(hashKey(key)).not.toBe(hashKey(key));
  });

  it('are HMAC-SHA-256 of the key under the salt', () => {
    // RFC 4231, test case 2.
    expect(hashKey('what do ya want for nothing?', Buffer.from('Jefe'))).toContain(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it.each(['', 'hmac-sha256:aa:bb', 'sha256:x', `hmac-sha256:${'A'.repeat(32)}:${'0'.repeat(64)}`])(
    'of the form %j match nothing',
    (hash) => {
      expect([isKeyHash(hash), keyMatches('k', hash)]).toEqual([false, false]);
    },
  );

  it('tell the id inside a key, and only of the form that is made here', () => {
    expect(keyIdOf(newKey('team-a'))).toBe('team-a');
    expect(
      ['lorch_x_short', 'lorch__0123456789abcdef', 'other_a_0123456789abcdef', 'lorch_A_0123456789abcdef'].map(keyIdOf),
    ).toEqual(Array.from({ length: 4 }, () => undefined));
  });
});
