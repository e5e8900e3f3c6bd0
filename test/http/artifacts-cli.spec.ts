import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram, type Services } from '../../src/cli/program.js';
import { TestIo } from '../contract/support/test-io.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

let app: TestApp;
let folder: string;
beforeAll(async () => {
  app = await startTestApp({ artifacts: { transcripts: false } }, []);
});
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-cli-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a command prints, its exit code and its talk. */
async function artifacts(...argv: readonly string[]): Promise<{ out: string; err: string; code: number }> {
  const io = new TestIo({ env: { LLORCH_URL: app.url }, cwd: folder });
  let code = 0;
  const program = buildProgram(io, {} as Services, (set) => (code = set));
  await program.parseAsync(['artifacts', ...argv], { from: 'user' });
  return { out: io.out, err: io.err, code };
}

const file = (name: string, data: string | Uint8Array): string => {
  writeFileSync(join(folder, name), data);
  return name;
};

async function put(name: string, data: string | Uint8Array, ...flags: readonly string[]): Promise<string> {
  return (await artifacts('put', file(name, data), ...flags)).out.trim();
}

describe('llama-orch artifacts', () => {
  it.each([
    ['plan.json', '{"b": [1, 2.50], "a": "x"}', '{"a":"x","b":[1,2.5]}'],
    ['notes.md', '# Notes\n\ud83d\ude00 with a last line', undefined],
    ['bom.txt', '\ufefftext', undefined],
    ['list.json', '[1, 2]', undefined],
    ['data.bin', Buffer.from([0, 1, 2, 255, 254]), undefined],
    ['zero.txt', 'a\0b', undefined],
    ['empty', '', undefined],
  ])('put and get give %s back (ORCH-4602, OC-CLI-2301)', async (name, data, expected) => {
    const id = await put(name, data);
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    await artifacts('get', id, 'out');
    expect(readFileSync(join(folder, 'out'))).toEqual(Buffer.from(expected ?? data));
  });

  it('put sends numbers as they are written, so that none is changed on the way (ORCH-4601)', async () => {
    await expect(put('large.json', '{"n": 12345678901234567890}')).rejects.toMatchObject({ code: 'INVALID_PARAMS' });
  });

  it('list, lineage and diff tell how one came of the other (OC-CLI-2301)', async () => {
    const first = await put('a.txt', 'one\ntwo\nthree\n', '--kind', 'plan', '--tag', 'story');
    const second = await put('b.txt', 'one\n2\nthree\n', '--kind', 'plan', '--tag', 'story', '--parent', first);
    const third = await put('c.txt', 'one\n2\n', '--kind', 'diff', '--parent', second);
    const { out } = await artifacts('ls', '--tag', 'story');
    expect(
      out
        .split('\n')
        .slice(1, 3)
        .map((line) => line.slice(0, 71)),
    ).toEqual([second, first]);
    const lineage = (await artifacts('lineage', second)).out;
    expect(lineage).toBe(`${first}  plan  story\n  ${second}  plan  story\n    ${third}  diff\n`);
    const diff = await artifacts('diff', first, second);
    expect([diff.out, diff.code]).toEqual([' one\n-two\n+2\n three\n \n', 1]);
    expect((await artifacts('diff', first, first)).code).toBe(0);
  });

  it('lineage begins where the retention has ended what was before (OC-CLI-2301, ORCH-4603)', async () => {
    const short = await startTestApp({ artifacts: { transcripts: false, retention: { max_total_bytes: 1 } } }, []);
    const at = (...argv: readonly string[]) => artifacts(...argv, '--url', short.url);
    const first = (await at('put', file('old.txt', 'old'))).out.trim();
    const second = (await at('put', file('new.txt', 'new'), '--parent', first, '--tag', 'keep')).out.trim();
    expect((await at('gc')).out).toMatch(/rows_displaced +1\n/);
    expect((await at('lineage', second)).out).toBe(`${second}  other  keep\n`);
    await expect(at('get', first)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('sync puts each file once, and again with its past as parent when it has changed (OC-CLI-2301)', async () => {
    const at = join(folder, 'results');
    mkdirSync(join(at, 'deep'), { recursive: true });
    writeFileSync(join(at, 'one.txt'), 'one');
    writeFileSync(join(at, 'deep', 'two.json'), '{"two":2}');
    const states = async () => {
      const { out, err } = await artifacts('sync', 'results');
      return [out.match(/put|unchanged/g), /(\d) files? of 2 put/.exec(err)?.[1]];
    };
    expect(await states()).toEqual([['put', 'put'], '2']);
    expect(await states()).toEqual([['unchanged', 'unchanged'], '0']);
    writeFileSync(join(at, 'one.txt'), 'changed');
    expect(await states()).toEqual([['unchanged', 'put'], '1']);
    writeFileSync(join(at, 'one.txt'), 'one');
    expect(await states()).toEqual([['unchanged', 'put'], '1']);
    expect(await states()).toEqual([['unchanged', 'unchanged'], '0']);
  });

  it('gc tells what was collected (ORCH-4603)', async () => {
    expect((await artifacts('gc')).out).toMatch(/rows_expired +0\n.*bytes_kept +\d+/s);
  });

  it('refuses a file that is not there with what to do (OC-CLI-2301)', async () => {
    await expect(artifacts('put', 'nowhere.txt')).rejects.toThrow('nowhere.txt cannot be read (ENOENT)');
  });
});
