import { modelNameIn } from './model-name.js';

describe('the name in a model ref', () => {
  it.each([
    ['hf:org/repo/tiny-q4.gguf', 'tiny-q4'],
    ['hf:org/repo/tiny-q4.GGUF@0123abcd', 'tiny-q4'],
    ['hf:org/repo', 'repo'],
    ['https://a.example/models/big.safetensors?sig=1#sha256:ab', 'big'],
    ['s3://bucket/folder/', 'folder'],
    ['oci://registry.example/team/model:v1', 'model-v1'],
    ['file:/srv/models/Llama 3 (q8).gguf', 'Llama-3-q8-'],
    ['https://a.example/.gguf', 'model'],
    [`hf:org/${'x'.repeat(300)}`, 'x'.repeat(100)],
  ])('%s is %s (ORCH-3090)', (ref, name) => expect(modelNameIn(ref)).toBe(name));
});
