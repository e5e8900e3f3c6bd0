import type * as NodeLlamaCpp from 'node-llama-cpp';

import { type GpuChoice } from '../protocol.js';
import { refuse, words } from './failure.js';

export type Library = typeof NodeLlamaCpp;

/** Version of node-llama-cpp that this package is written for. */
export const LIBRARY_VERSION = '3.22.1';

/** @throws RunnerFailure with the command that mends a missing installation */
export async function loadLibrary(): Promise<Library> {
  try {
    return await import('node-llama-cpp');
  } catch (error) {
    throw refuse(
      'unavailable',
      'not_installed',
      `The embedded engine is not installed; run: npm install --no-save node-llama-cpp@${LIBRARY_VERSION}`,
      words(error),
    );
  }
}

/**
 * Binds the library to its prebuilt binary; nothing is ever compiled or downloaded.
 * @throws RunnerFailure with the command that mends a missing binary
 */
export async function startLlama(library: Library, gpu: GpuChoice): Promise<NodeLlamaCpp.Llama> {
  const llama = await bind(library, gpu);
  // Some names that a platform lacks fall back to the CPU without a word.
  if (gpu !== false && gpu !== 'auto' && llama.gpu !== gpu)
    throw refuse('unavailable', 'not_installed', missingBinary(gpu));
  return llama;
}

async function bind(library: Library, gpu: GpuChoice): Promise<NodeLlamaCpp.Llama> {
  try {
    return await library.getLlama({
      gpu,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      logLevel: library.LlamaLogLevel.error,
      maxThreads: 1,
    });
  } catch (error) {
    throw refuse('unavailable', 'not_installed', missingBinary(gpu), words(error));
  }
}

function missingBinary(gpu: GpuChoice): string {
  if (gpu === 'metal' && process.platform !== 'darwin') {
    return 'The embedded engine has metal on macOS alone; set the option gpu to false, auto, cuda or vulkan.';
  }
  const what = gpu === false ? platformName() : `${platformName()} with ${gpu}`;
  return `The embedded engine has no working binary for ${what}; run: ${remedy(gpu)}`;
}

function remedy(gpu: GpuChoice): string {
  // The prebuilt binaries need glibc; elsewhere the engine has to be compiled once.
  if (isMusl()) return `npx node-llama-cpp@${LIBRARY_VERSION} source download`;
  const variant = gpu === 'cuda' || gpu === 'vulkan' || gpu === 'metal' ? `-${gpu}` : '';
  return `npm install --no-save @node-llama-cpp/${platformName()}${variant}@${LIBRARY_VERSION}`;
}

/** The platform as the binary packages name it. */
function platformName(): string {
  const system = { win32: 'win', darwin: 'mac' }[process.platform as string] ?? process.platform;
  return `${system}-${process.arch === 'arm' ? 'armv7l' : process.arch}`;
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}
