import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPackage, type BuiltPolicy, readPolicyPackage } from '@llama-orch/policy-sdk/build';
import { eventOfCase } from '@llama-orch/policy-sdk/test';
import { type OpenedPolicy, openPolicy } from '../../src/policy-host/in-process.js';
import { requestEvent } from './events.js';
import { describeIn, type Language, moduleOf } from './package-of-text.js';

/** A compiler on a busy machine. */
const COMPILER_MS = 60_000;
const TEMPLATES = join(import.meta.dirname, '../../sdk/policy/templates');
const LANGUAGES: readonly Language[] = ['as', 'c', 'wat'];

for (const language of LANGUAGES)
  describeIn(language, `the template of policies in ${language}`, () => {
    const folder = join(TEMPLATES, language);
    let built: BuiltPolicy;
    let policy: OpenedPolicy;
    beforeAll(async () => {
      built = await buildPackage(folder);
      policy = await openPolicy(built.wasm);
    }, COMPILER_MS);
    afterAll(() => policy.close());

    it('decides its cases, in both engines (OC-POLICY-4001)', async () => {
      const { cases } = await readPolicyPackage(folder);
      const plain = await openPolicy(built.wasm, { engine: 'plain' });
      try {
        for (const { name, hook, event, config = {}, expect: expected } of cases) {
          const { event: whole, bodies } = eventOfCase(hook, event).build();
          const asked = { ...whole, config };
          const outcome = await policy.decide(hook, asked, bodies);
          expect([name, outcome.decision]).toEqual([name, expect.objectContaining(expected)]);
          const again = await plain.decide(hook, asked, bodies);
          expect([name, again.decision, again.fuel]).toEqual([name, outcome.decision, outcome.fuel]);
        }
      } finally {
        await plain.close();
      }
    });

    it('answers describe with its manifest, which also stands in its section (OC-POLICY-4002)', async () => {
      expect(JSON.parse(await policy.answer('describe'))).toEqual(built.manifest);
      expect(policy.manifest).toEqual(built.manifest);
      expect(built.manifest.tests.length).toBeGreaterThan(1);
    });

    it('is small, and answers a body of 60 KB within the default bounds (OC-POLICY-4011)', async () => {
      const part = { request: { json: { text: 'x"'.repeat(20_000) } } };
      const { event, bodies } = eventOfCase('on_request', part).build();
      const { error, fuel } = await policy.decide('on_request', event, bodies);
      expect(error).toBeUndefined();
      expect(fuel).toBeLessThan(policy.prepared.limits.fuel / 2);
      expect(built.bytes).toBeLessThan(20_000);
    });

    it('ends on input that is no event without hanging, and denies (ORCH-4702)', async () => {
      for (const text of ['', '{', '[]', '"', '{"request":{"method":"GET', '{"request":{}}', 'null', '\u{1f999}']) {
        const answer = await policy.answer('on_request', text).catch((error: { code: string }) => error.code);
        expect(answer).toMatch(/"decision":"deny"|^POLICY_(TRAP|FUEL|GUEST_ERROR)$/);
      }
    });

    it(
      'is complete once it has another name',
      async () => {
        const copy = mkdtempSync(join(tmpdir(), 'llama-orch-template-'));
        try {
          cpSync(folder, copy, { recursive: true });
          const { scripts } = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')) as { scripts: object };
          expect(Object.keys(scripts)).toEqual(['test', 'build']);
          expect((await buildPackage(copy)).digest).toBe(built.digest);
        } finally {
          rmSync(copy, { recursive: true, force: true });
        }
      },
      COMPILER_MS,
    );
  });

it('a module in WAT that does not describe itself is not loaded (OC-POLICY-4002)', async () => {
  const source = '(module (memory (export "memory") 1) (func (export "on_request") (result i32) (i32.const 0)))';
  await expect(moduleOf('wat', source).then((bytes) => openPolicy(bytes))).rejects.toMatchObject({
    code: 'POLICY_ABI',
  });
});

it('an error in WAT is shown with its line', async () => {
  await expect(moduleOf('wat', '(module\n (func (export "on_request") (result i32) (nonsense)))')).rejects.toThrow(
    /policy\.wat:2/,
  );
});

it('a policy without an answer is an error, not a yes (ORCH-4702)', async () => {
  const source = `(module (memory (export "memory") 1)
    (func (export "on_request") (result i32) (i32.const 0)) (func (export "describe") (result i32) (i32.const 0)))`;
  const policy = await openPolicy(await moduleOf('wat', source));
  const { error } = await policy.decide('on_request', requestEvent());
  await policy.close();
  expect(error?.code).toBe('POLICY_NO_OUTPUT');
});
