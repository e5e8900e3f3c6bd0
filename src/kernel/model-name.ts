const LONGEST_NAME = 100;

/** The last part of a ref that people would call the model by: `hf:org/repo/tiny-q4.gguf@main` is `tiny-q4`. */
export function modelNameIn(ref: string): string {
  const path = ref.replace(/[?#@].*$/, '').replace(/\/+$/, '');
  const last = path.slice(path.lastIndexOf('/') + 1).replace(/\.(?:gguf|safetensors)$/i, '');
  const plain = last.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, LONGEST_NAME) || 'model';
}
