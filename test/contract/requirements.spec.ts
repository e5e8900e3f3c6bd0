import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { coverage, idsIn, requirementLevels, ROOT } from './support/requirements.js';

describe('The requirement index', () => {
  it('knows every id that a test names (ORCH-4951)', () => {
    const known = requirementLevels();
    const unknown = [...coverage()].filter(([id]) => !known.has(id));
    expect(unknown).toEqual([]);
  });

  it('does not list a retired id (ORCH-4951)', () => {
    const head = readFileSync(join(ROOT, 'contracts/requirements.yaml'), 'utf8').split('schema_version')[0] ?? '';
    const retired = idsIn(head.split('Reserved')[0] ?? '');
    expect(retired.length).toBe(3);
    expect(retired.filter((id) => requirementLevels().has(id))).toEqual([]);
  });
});

describe('The coverage report', () => {
  it('lists for each id the spec files that name it (ORCH-4951)', () => {
    expect(coverage().get('ORCH-4951')).toContain(join('test', 'contract', 'requirements.spec.ts'));
  });
});
