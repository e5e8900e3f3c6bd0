import { parseConfig } from './index.js';

it('refuses two policies of one id (ORCH-4702)', () => {
  const policies = [
    { id: 'a', builtin: 'allow-all' },
    { id: 'a', path: './b.wasm' },
  ];
  expect(() => parseConfig({ policies })).toThrow('policies[1].id "a" is already taken');
});

it('wants a module or the name of one that comes with llama-orch, not both (ORCH-4702)', () => {
  const both = [{ builtin: 'allow-all', path: './b.wasm' }];
  for (const policies of [both, [{}]]) {
    expect(() => parseConfig({ policies })).toThrow('must have either builtin or path');
  }
});
