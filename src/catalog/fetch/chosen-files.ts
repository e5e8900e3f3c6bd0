import { type SourceFile } from '@llama-orch/plugin-sdk';
import { FetchError } from './fetch-error.js';
import { isWeightsName } from './formats/check-file.js';
import { isPickleName } from './formats/pickle.js';
import { isDigest } from '../trust/digest.js';
import { collision, pathProblem } from '../trust/model-path.js';

/** What engines read beside weights: configurations, vocabularies, templates, licences. */
const COMPANIONS = /(?:\.(?:json|txt|md|model|jinja|tiktoken|ya?ml)|(?:^|\/)(?:LICEN[CS]E|NOTICE|README)[^/]*)$/i;
/** Weights that are cut into several files. */
const PART = /-(\d{5})-of-(\d{5})\.gguf$/i;
const MOST_FILES = 2_000;

/** The files of a model that are taken: weights in a safe format, and what belongs to them. @throws FetchError */
export function chosenFiles(files: readonly SourceFile[], ref: string): readonly SourceFile[] {
  if (files.length > MOST_FILES) throw new FetchError('unsound', `${ref} has more than ${MOST_FILES} files`);
  checkNames(files, ref);
  if (files.length === 1) return [theOne(files[0]!, ref)];
  const weights = files.filter(({ path }) => isWeightsName(path));
  if (weights.length === 0) throw withoutWeights(files, ref);
  demandOneModel(weights, ref);
  return files.filter(({ path }) => isWeightsName(path) || COMPANIONS.test(path));
}

/** The file that an engine is given; undefined: the folder. */
export function entryFile(paths: readonly string[]): string | undefined {
  const gguf = paths.filter((path) => /\.gguf$/i.test(path)).sort();
  return paths.length === 1 ? paths[0] : gguf[0];
}

/** A file without a name for its format is judged by its content once it is here. */
function theOne(file: SourceFile, ref: string): SourceFile {
  if (isPickleName(file.path)) throw withoutWeights([file], ref);
  return file;
}

function withoutWeights(files: readonly SourceFile[], ref: string): FetchError {
  const isPickled = files.some(({ path }) => isPickleName(path));
  const what = isPickled ? 'has its weights as pickles, which run code when they are loaded' : 'has no weights';
  return new FetchError('unsound', `${ref} ${what}; name one with GGUF or safetensors files`);
}

/** Repositories of GGUF files mostly hold one model many times over. */
function demandOneModel(weights: readonly SourceFile[], ref: string): void {
  const gguf = weights.filter(({ path }) => /\.gguf$/i.test(path));
  const models = new Set(gguf.map(({ path }) => path.replace(PART, '')));
  if (models.size <= 1) return;
  const some = gguf.slice(0, 3).map(({ path }) => path);
  throw new FetchError('malformed', `${ref} holds ${models.size} GGUF models, such as ${some.join(', ')}; name one`);
}

function checkNames(files: readonly SourceFile[], ref: string): void {
  if (files.length === 0) throw new FetchError('missing', `${ref} has no files; check the ref`);
  const twice = collision(files.map(({ path }) => path));
  if (twice !== undefined) throw new FetchError('unsound', `${ref} has two files with the name ${twice}`);
  for (const file of files) checkFacts(file, ref);
}

function checkFacts({ path, digest, sizeBytes }: SourceFile, ref: string): void {
  const problem = pathProblem(path);
  if (problem !== undefined) throw new FetchError('unsound', `${ref} has a file whose path ${problem}`);
  if (digest !== undefined && !isDigest(digest))
    throw new FetchError('unsound', `${ref} tells no SHA-256 digest of ${path}`);
  if (sizeBytes !== undefined && !(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0))
    throw new FetchError('unsound', `${ref} tells no size of ${path}`);
}
