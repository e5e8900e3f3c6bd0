import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './support/requirements.js';

describe('The generated files', () => {
  it('are what their sources give, so that generating again changes nothing (FR-CT-001, FR-CT-002, OC-CLI-2602)', () => {
    const script = join(ROOT, 'scripts/generate.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { cwd: ROOT, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
