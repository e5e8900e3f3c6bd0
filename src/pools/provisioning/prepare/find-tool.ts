import { delimiter } from 'node:path';
import { findProgram } from '../find-program.js';
import { type Tool } from '../plan/step.js';

/** Where CUDA lies when the PATH does not lead there. */
const CUDA_FOLDERS = ['/usr/local/cuda/bin', '/opt/cuda/bin'] as const;

/** The first of a tool's programs; CUDA is looked for in its own places too. */
export function findTool({ anyOf }: Tool, path = ''): string | undefined {
  const places = anyOf.includes('nvcc') ? [path, ...CUDA_FOLDERS].join(delimiter) : path;
  return anyOf.map((name) => findProgram(name, places)).find((found) => found !== undefined);
}
