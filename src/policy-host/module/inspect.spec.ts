import { policy, raw } from '../../../test/fixtures/policy/modules.js';
import { wasmOf, withSection } from '../../../test/support/wat.js';
import { inspectModule } from './inspect.js';
import { digestOf } from './prepare.js';

describe('the facts of a module', () => {
  it('are its sizes, parts, manifest and what rewriting makes of it', async () => {
    const bytes = withSection(
      await policy(
        '(import "extism:host/env" "alloc" (func (param i64) (result i64))) (memory 2 5) (global (mut i32) (i32.const 0))',
      ),
      'llama-orch.language',
      'javascript',
    );
    const facts = inspectModule(bytes);
    expect(facts).toEqual({
      digest: digestOf(bytes),
      bytes: bytes.length,
      gzipBytes: expect.any(Number),
      problems: [],
      contents: {
        language: 'javascript',
        neededAbi: '1.0',
        imports: [{ module: 'extism:host/env', name: 'alloc', isOffered: true }],
        exports: [
          { name: 'describe', kind: 'function' },
          { name: 'on_request', kind: 'function' },
        ],
        functions: 2,
        memory: { minimum: 2, maximum: 5 },
        customSections: [
          { name: 'llama-orch.policy', bytes: expect.any(Number) },
          { name: 'llama-orch.language', bytes: 10 },
        ],
        manifest: expect.objectContaining({ name: 'fixture' }),
        metered: { bytes: expect.any(Number), sites: 2, needsFreshInstance: false, savedGlobals: 1 },
      },
    });
    expect(facts.gzipBytes).toBeLessThan(facts.bytes);
  });

  it('name everything that keeps it from being loaded, not only the first', async () => {
    const { problems, contents } = inspectModule(
      await wasmOf('(module (import "env" "abort" (func)) (memory (export "__m") 900))'),
    );
    expect(problems).toEqual([
      { code: 'POLICY_IMPORT', message: expect.stringContaining('"env" "abort"') },
      { code: 'POLICY_ABI', message: expect.stringContaining('exports "__m"') },
      { code: 'POLICY_ABI', message: expect.stringContaining('900 pages of memory') },
      { code: 'POLICY_ABI', message: expect.stringContaining('has no custom section llama-orch.policy') },
    ]);
    expect(contents).toMatchObject({ imports: [{ isOffered: false }], manifest: undefined, metered: { sites: 0 } });
  });

  it('say of invalid code that it is invalid, and what else can be read', () => {
    const { problems, contents } = inspectModule(raw([1, [1, 0x60, 0, 0]], [3, [1, 0]], [10, [1, 3, 0, 0x6a, 0x0b]]));
    expect(problems[0]).toEqual({ code: 'POLICY_ABI', message: 'the module is not valid WebAssembly' });
    expect(contents).toMatchObject({ functions: 1, metered: undefined });
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('#!/bin/sh')],
    ['a cut module', Buffer.from('0061736d0100000001', 'hex')],
  ])('are few for %s, which is no reason to fail', (_what, bytes) => {
    expect(inspectModule(bytes)).toMatchObject({
      bytes: bytes.length,
      problems: [{ code: 'POLICY_ABI' }],
      contents: undefined,
    });
  });
});
