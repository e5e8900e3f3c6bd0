import { isModelRef, poolModel } from './model-ref.js';

describe('the model of a pool', () => {
  it('is known by the file name of its weights', () => {
    expect(poolModel('file:/models/Qwen2.5-0.5B.Q4_K_M.gguf')).toEqual({
      ref: 'file:/models/Qwen2.5-0.5B.Q4_K_M.gguf',
      id: 'Qwen2.5-0.5B.Q4_K_M',
      path: '/models/Qwen2.5-0.5B.Q4_K_M.gguf',
    });
  });

  it('is known by its ref when it has no file', () => {
    expect(poolModel('haiku-nano')).toEqual({ ref: 'haiku-nano', id: 'haiku-nano', path: undefined });
  });

  it('refuses a file without an absolute path and says how to write it', () => {
    expect(() => poolModel('file:models/a.gguf')).toThrow('file:/models/name.gguf');
  });
});

describe('a model ref of a task', () => {
  it.each([
    'haiku-nano',
    `sha256:${'ab'.repeat(32)}`,
    'hf:org/name@main',
    'https://host/a-b',
    'file:/models/a.gguf',
    'A b',
  ])('may be %s', (text) => expect(isModelRef(text)).toBe(true));

  it.each([
    '',
    ' a',
    '/abs',
    '../x',
    'sha256:abc',
    'file:/models/../etc/passwd',
    'a\nb',
    'a\u0000',
    `a${'b'.repeat(1024)}`,
  ])('may not be %j', (text) => expect(isModelRef(text)).toBe(false));
});
