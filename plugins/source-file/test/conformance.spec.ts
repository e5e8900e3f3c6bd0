import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeModelSource } from '@llama-orch/plugin-sdk/conformance';
import file from '../src/index.js';

const FILES = { 'config.json': Buffer.from('{"a":1}'), 'deep/model.safetensors': Buffer.from('weights') };

describe('the contract of model sources (ORCH-4701, ORCH-3090)', () => {
  describeModelSource(file, {
    startServer: async () => {
      const root = mkdtempSync(join(tmpdir(), 'llama-orch-source-'));
      mkdirSync(join(root, 'model', 'deep'), { recursive: true });
      for (const [path, bytes] of Object.entries(FILES)) writeFileSync(join(root, 'model', path), bytes);
      return {
        options: { root },
        model: { ref: `file:${root}/model`, files: FILES, registry: 'file', tellsDigests: false },
        missingRef: 'file:/nowhere/model.gguf',
        malformedRefs: ['file:', 'file:../a.gguf', 'file://host/a.gguf', 'files:/a'],
        close: async () => rmSync(root, { recursive: true, force: true }),
      };
    },
  });
});
