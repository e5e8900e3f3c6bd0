import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { MODULE_LIMITS } from '../limits.js';
import { LINTS, lintWork } from './lint.js';
import { meterModule } from './meter.js';
import { readCoreModule } from './prepare.js';
import { rewriteModule } from './rewrite.js';

const interpreter = new Uint8Array(readFileSync(createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm')));
const module = readCoreModule(interpreter);
const bodies = meterModule(module);

it('takes an interpreter of 1,700 functions and leaves its indexes as they are', () => {
  const keep = module.exports.map(({ name }) => name);
  const { tableEntries } = MODULE_LIMITS;
  const options = { startFuel: 1_000, memoryPages: 128, tableEntries, keep };
  const { bytes, needsFreshInstance, savedGlobals } = rewriteModule(module, bodies, options);
  expect(WebAssembly.validate(bytes)).toBe(true);
  expect(bytes.length / interpreter.length).toBeLessThan(1.35);
  expect({ needsFreshInstance, savedGlobals }).toEqual({ needsFreshInstance: false, savedGlobals: ['__g0'] });
  const again = readCoreModule(bytes);
  expect(again.types.slice(0, module.types.length)).toEqual(module.types);
  expect(again.functions.slice(0, module.functions.length)).toEqual(module.functions);
  expect(again.imports).toEqual(module.imports);
});

it('finds nothing in an interpreter that would take a compiler long', () =>
  expect(() => lintWork(bodies)).not.toThrow());

it('would refuse the same interpreter for what it imports', () => {
  const lintAll = (): void => LINTS.forEach((lint) => lint(module, { memoryPages: 128 }));
  expect(lintAll).toThrow(expect.objectContaining({ code: 'POLICY_IMPORT' }));
});
