import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Secrets } from './secrets.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-secrets-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const VALUE = 'planted-value-1234';
const settings = (more: object = {}) => ({
  env: 'KEY',
  header: 'Authorization',
  prefix: 'Bearer ',
  hosts: ['A.example'],
  ...more,
});

function read(secrets: object, env: Record<string, string> = { KEY: VALUE }) {
  const learned: string[] = [];
  const all = Secrets.read(secrets as never, { env, baseFolder: folder, learn: (value) => void learned.push(value) });
  return { all, learned };
}

describe('secrets (ORCH-4705, OC-CTRL-2041)', () => {
  it('come from variables and files, become headers, and are made known for redaction', () => {
    writeFileSync(join(folder, 'key.txt'), 'from-a-file-5678\n');
    const { all, learned } = read({
      a: settings(),
      b: settings({ env: undefined, file: 'key.txt', header: 'X-Key', prefix: '' }),
    });
    expect(all.named(['a', 'b']).map((secret) => secret.headerOf())).toEqual([
      ['authorization', `Bearer ${VALUE}`],
      ['x-key', 'from-a-file-5678'],
    ]);
    expect(learned).toEqual([VALUE, 'from-a-file-5678']);
  });

  it('show their value to nobody who prints them', () => {
    const { all } = read({ a: settings() });
    expect(inspect(all.named(['a']), { depth: 5, showHidden: true }) + JSON.stringify(all.named(['a']))).not.toContain(
      VALUE,
    );
  });

  it.each([
    ['a.example', true],
    ['b.a.example', false],
    ['x.b.example', true],
    ['b.example', false],
    ['::1', true],
  ])('go to %s: %j', (host, may) => {
    const { all } = read({ a: settings({ hosts: ['A.example', '*.b.example', '::1'] }) });
    expect(all.named(['a'])[0]?.mayGoTo(host)).toBe(may);
  });

  it('are refused by near names when unknown, and when two want one header', () => {
    const { all } = read({ github: settings(), gitlab: settings() });
    const errors = [
      { pointer: '/secrets/0', message: 'is not in tools.secrets; near names: github' },
      { pointer: '/secrets/2', message: 'goes into the header authorization, as github does; name one' },
    ];
    expect(() => all.named(['gihub', 'github', 'gitlab'])).toThrow(expect.objectContaining({ members: { errors } }));
  });

  it.each([
    ['a variable that is not set', settings({ env: 'NOWHERE' }), 'NOWHERE is not set'],
    ['a file that is not there', settings({ env: undefined, file: 'nowhere' }), 'its file cannot be read'],
    ['an empty value', settings({ env: 'EMPTY' }), 'its value is empty'],
    ['a value that is too short to be redacted', settings({ env: 'SHORT' }), 'has fewer than 8'],
    ['a value that is too long to be redacted', settings({ env: 'LONG' }), 'more than 16384 characters'],
    ['a line break', settings({ env: 'BROKEN' }), 'line breaks'],
    ['a header of the connection', settings({ header: 'Host' }), 'written by the daemon'],
  ])('stop the start with %s, and no value is told', (_what, secret, words) => {
    const values = { EMPTY: '', SHORT: 'planted', LONG: 'planted'.repeat(2_400), BROKEN: 'planted\nvalue' };
    const start = () => read({ mine: secret }, { KEY: VALUE, ...values });
    expect(start).toThrow(words);
    expect(start).toThrow('tools.secrets.mine');
    expect(start).not.toThrow('planted');
  });
});
