import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '../../src/kernel/random.js';
import { eventually } from '../support/eventually.js';
import { ModelServer } from '../support/model-server.js';
import { digestOfBytes, weights } from '../support/weights.js';

const VICTIM = new URL('../support/fetch-victim.mjs', import.meta.url).pathname;
const KILLS = 6;
const BODY = weights(120_000);
const DIGEST = digestOfBytes(BODY);

let server: ModelServer;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-kills-'));
  server = await ModelServer.start();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (url: string) =>
  spawn(process.execPath, [VICTIM, folder, url, DIGEST], { stdio: ['ignore', 'pipe', 'inherit'] });
const names = (name: string) => readdirSync(join(folder, name));
const partBytes = () => {
  const [part] = names('parts').filter((name) => name.endsWith('.part'));
  if (part === undefined) throw new Error('there is no part yet');
  return statSync(join(folder, 'parts', part)).size;
};

describe('a fetch whose process is killed', () => {
  it('goes on behind the last byte that was written, and is right in the end (ORCH-3042)', async () => {
    const random = new SeededRandom(5);
    let held = 0;
    const url = server.file('/a.gguf', BODY, (_request, count) =>
      count > KILLS ? undefined : { type: 'stall', after: 1 + Math.floor(random.next() * (BODY.length / (KILLS + 1))) },
    );
    const starts: (number | undefined)[] = [undefined];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const victim = start(url);
      await eventually(() => {
        if (partBytes() <= held || server.requests.length <= kill) throw new Error('nothing has come yet');
      });
      victim.kill('SIGKILL');
      await once(victim, 'exit');
      held = partBytes();
      starts.push(held);
      expect([names('blobs'), names('models'), names('records')]).toEqual([[], [], []]);
    }
    const victim = start(url);
    let path = '';
    victim.stdout.on('data', (text: Buffer) => (path += text.toString()));
    await once(victim, 'exit');
    expect(readFileSync(path).equals(BODY)).toBe(true);
    expect(server.requests.map(({ from }) => from)).toEqual(starts);
    expect(names('parts')).toEqual([]);
  });
});
