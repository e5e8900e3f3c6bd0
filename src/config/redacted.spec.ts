import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, redacted } from './index.js';

it('shows a configuration without its secrets: masked, or as the file refers to them', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'llama-orch-redacted-'));
  try {
    writeFileSync(
      join(cwd, 'llama-orch.yaml'),
      'pools: [{id: a, engine: embedded, model: "${env:M}", options: {api_key: swordfish, note: plain}}]\n',
    );
    const env = { M: 'swordfish', LLORCH_API_TOKEN: 'sixteen letters!' };
    const { config, origins } = loadConfig({ cwd, env });
    const shown = redacted(config, origins);
    expect(shown.pools[0]).toMatchObject({ model: '${env:M}', options: { api_key: '***', note: 'plain' } });
    expect(shown.auth.keys[0]?.hash).toBe('***');
    expect(shown.limits).toEqual(config.limits);
    expect(JSON.stringify(shown)).not.toMatch(/swordfish|sixteen|hmac/);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
