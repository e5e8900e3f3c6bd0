import { answering } from '../../../test/policy/modules.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { WorkerPreparer } from './preparation.js';

const SLOW_PATTERN = { type: 'object', properties: { name: { type: 'string', pattern: '^(a+)+$' } } };
const job = (bytes: Uint8Array<ArrayBuffer>, settings: object = {}) => ({
  bytes,
  limits: {},
  settings: { ...settings },
});

let clock: FakeClock;
let preparer: WorkerPreparer;
beforeEach(() => {
  clock = new FakeClock();
  preparer = new WorkerPreparer(clock);
});
afterEach(() => preparer.close());

describe('WorkerPreparer', () => {
  it('gives a module back that can be run, and what its schema finds wrong with the settings (ORCH-4702)', async () => {
    const strict = { type: 'object', properties: { most: { type: 'integer' } } };
    const bytes = await answering({ decision: 'allow' }, { configSchema: strict });
    const { prepared, problems } = await preparer.prepare(job(bytes, { most: 'many' }));
    expect(WebAssembly.Module.exports(prepared.module).map(({ name }) => name)).toContain('on_request');
    expect(prepared.manifest.name).toBe('fixture');
    expect(problems).toEqual(['settings/most must be integer']);
    expect((await preparer.prepare(job(bytes, { most: 3 }))).problems).toEqual([]);
  });

  it('ends what an author wrote to take for ever, and goes on with the next module (ORCH-4702, OC-POLICY-4011)', async () => {
    const bytes = await answering({ decision: 'allow' }, { configSchema: SLOW_PATTERN });
    const preparing = preparer.prepare(job(bytes, { name: `${'a'.repeat(60)}!` }));
    const refused = expect(preparing).rejects.toThrow('it took longer than 10 s; simplify it');
    clock.leap(10_000);
    await refused;
    const { problems } = await preparer.prepare(job(bytes, { name: 'aaa' }));
    expect(problems).toEqual([]);
  });

  it('understands schemas of older drafts (ORCH-4702)', async () => {
    const configSchema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      items: [{ type: 'string' }],
      type: 'array',
    };
    const bytes = await answering({ decision: 'allow' }, { configSchema });
    expect((await preparer.prepare(job(bytes))).problems).toEqual(['settings must be array']);
  });

  it('keeps no worker and no timer when nothing comes any more (ORCH-4702)', async () => {
    await preparer.prepare(job(await answering({ decision: 'allow' })));
    expect(clock.pending).toBe(1);
    clock.leap(30_000);
    expect(clock.pending).toBe(0);
  });
});
