import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { EmbeddedAdapter } from '../src/adapter.js';
import { never, open } from './support/replica.js';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const MODEL = fileURLToPath(new URL('../models/haiku-nano.gguf', import.meta.url));

it('says how to install the engine where node-llama-cpp is missing, and the daemon goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-'));
  try {
    await cp(DIST, join(folder, 'dist'), { recursive: true });
    // An empty package hides any other that a folder further up may hold.
    const hollow = join(folder, 'node_modules/node-llama-cpp');
    await mkdir(hollow, { recursive: true });
    await writeFile(join(hollow, 'package.json'), '{"type":"module","main":"absent.js"}');
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const files = { runner: join(folder, 'dist/child/main.js'), bundledModel: MODEL };
    const replica = await open(new EmbeddedAdapter({ gpu: false }, { log: () => undefined }, files));
    const reason = 'The embedded engine is not installed; run: npm install --no-save node-llama-cpp@3.22.1';
    const error = expect.objectContaining({ message: reason, reason: 'not_installed' }) as unknown;
    expect(await replica.health(never)).toEqual({ state: 'failed', reason, error });
    await replica.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
