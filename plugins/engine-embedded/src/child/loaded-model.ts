import { availableParallelism } from 'node:os';

import { type Llama, type LlamaContextSequence, type LlamaModel } from 'node-llama-cpp';

import { type ModelFacts, type OpenFrame } from '../protocol.js';
import { type Library, LIBRARY_VERSION, loadLibrary, startLlama } from './engine-library.js';
import { refuse, RunnerFailure, words } from './failure.js';
import { type SoundFile } from './inspect.js';
import { contextTokensFor, threadsFor } from './sizes.js';

/** A model in memory, with one sequence per slot. */
export interface LoadedModel {
  readonly library: Library;
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly sequences: readonly LlamaContextSequence[];
  readonly facts: ModelFacts;
}

/**
 * Loads the file and lets the model say a word on each sequence.
 * @throws RunnerFailure that says what is missing
 */
export async function loadModel(file: SoundFile, wish: OpenFrame): Promise<LoadedModel> {
  const library = await loadLibrary();
  const llama = await startLlama(library, wish.gpu);
  try {
    return await loadInto(library, llama, file, wish);
  } catch (error) {
    throw loadFailure(library, file, wish.gpu === false ? 'host' : 'vram', error);
  }
}

async function loadInto(library: Library, llama: Llama, file: SoundFile, wish: OpenFrame): Promise<LoadedModel> {
  const cores = Math.min(llama.cpuMathCores, availableParallelism());
  const threads = threadsFor(file.sizeBytes, cores, wish.threads);
  llama.maxThreads = threads;
  const { slots, gpuLayers } = wish;
  const model = await llama.loadModel({ modelPath: file.path, ...(gpuLayers !== undefined && { gpuLayers }) });
  const contextTokens = contextTokensFor(model.trainContextSize, wish.contextTokens);
  const context = await model.createContext({ sequences: slots, contextSize: contextTokens, threads });
  const sequences = Array.from({ length: slots }, () => context.getSequence());
  for (const sequence of sequences) await warmUp(model, sequence);
  const quant = quantOf(library, model);
  const device = deviceOf(llama);
  const facts: ModelFacts = {
    engineVersion: versionOf(llama),
    digest: file.digest,
    ...(quant !== undefined && { quant }),
    slots,
    contextTokens,
    threads,
    device,
    // Sliding windows and recurrent states cannot be cut back to a prefix; on a GPU equal bytes are not proven.
    reusesPrefix: device === 'cpu' && !sequences.some((sequence) => sequence.needsCheckpoints),
  };
  return { library, llama, model, sequences, facts };
}

/** Weights that are no numbers load without complaint; they show as soon as the model has to choose. */
async function warmUp(model: LlamaModel, sequence: LlamaContextSequence): Promise<void> {
  const first = model.tokens.bos ?? model.tokenize('a')[0];
  if (first === undefined) throw new Error('The vocabulary cannot spell a single letter');
  const words = sequence.evaluateWithMetadata(
    [first],
    { confidence: true },
    { temperature: 1, seed: 1, topK: 0, topP: 1 },
  );
  const { value } = await words.next();
  await words.return();
  if (!value || !Number.isFinite(value.confidence)) throw new Error('The weights hold values that are no numbers');
  await sequence.clearHistory();
}

function versionOf(llama: Llama): string {
  return `node-llama-cpp ${LIBRARY_VERSION} (llama.cpp ${llama.llamaCppRelease.release}, ${deviceOf(llama)})`;
}

function deviceOf(llama: Llama): string {
  return llama.gpu === false ? 'cpu' : llama.gpu;
}

/** Name of the file type as people write it, such as `Q4_K_M`. */
function quantOf(library: Library, model: LlamaModel): string | undefined {
  const type = model.fileInfo.metadata.general.file_type;
  return type === undefined ? undefined : library.GgufFileType[type]?.replace(/^(ALL|MOSTLY)_/, '');
}

function loadFailure(library: Library, file: SoundFile, memory: 'host' | 'vram', error: unknown): RunnerFailure {
  if (error instanceof library.InsufficientMemoryError) {
    return new RunnerFailure({
      code: 'out-of-memory',
      reason: 'alloc',
      message: `There is too little memory for ${file.name}; use a smaller model, a shorter context or fewer slots.`,
      memory,
      detail: words(error),
    });
  }
  const message = `The embedded engine cannot load ${file.name}; use a GGUF file that llama.cpp supports.`;
  return refuse('invalid-input', 'model_unusable', message, words(error));
}
