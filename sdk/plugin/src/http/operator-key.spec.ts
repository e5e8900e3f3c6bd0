import { engineUpstream } from './engine-upstream.js';
import { bearerHeader, keyVariable } from './operator-key.js';

const VARIABLE = 'LLORCH_OPERATOR_KEY_TEST';

describe('the operator of an engine', () => {
  afterEach(() => void delete process.env[VARIABLE]);

  it('gives a key by the name of its variable (ORCH-4504)', () => {
    process.env[VARIABLE] = 'secret';
    expect(bearerHeader(VARIABLE, 'api_key_env')).toEqual({ authorization: 'Bearer secret' });
    expect(bearerHeader(undefined, 'api_key_env')).toEqual({});
    expect(keyVariable.safeParse('sk-live 1').success).toBe(false);
  });

  it('is told which variable is missing, and for which option (ORCH-4504)', () => {
    expect(() => bearerHeader(VARIABLE, 'api_key_env')).toThrow(`${VARIABLE} (api_key_env) is not set`);
  });

  it.each([
    [{ poolId: 'chat' }, 'no_url', /chat needs endpoint/],
    [{ poolId: 'chat', url: 'ftp://x' }, 'bad_url', /chat: The url of the endpoint must begin with/],
  ])('is told what is wrong with %j (ORCH-3032)', (endpoint, reason, words) => {
    expect(() => engineUpstream(endpoint)).toThrow(
      expect.objectContaining({ code: 'invalid-input', reason, message: expect.stringMatching(words) }),
    );
  });
});
