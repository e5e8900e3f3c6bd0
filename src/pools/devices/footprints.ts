import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Footprint } from '@llama-orch/plugin-sdk';
import { memoryNeed } from '../../catalog/fetch/fit.js';
import { type ModelShape, readModelShape } from './gguf-header.js';

/** What a footprint depends on. */
export interface Load {
  readonly engine: string;
  readonly modelRef: string;
  /** Absolute path of local weights. */
  readonly path: string | undefined;
  readonly slots: number;
  /** Context of one request in tokens; undefined: the model's own limit, at most 8192. */
  readonly contextTokens: number | undefined;
  /** What the operator says that a replica takes, in GiB. */
  readonly declaredGib: number | undefined;
}

/** Weights on disk. */
export interface Weights {
  readonly bytes: number;
  /** Undefined where the header does not tell. */
  readonly shape: ModelShape | undefined;
}

export const GIB = 1024 ** 3;
const MEASUREMENTS = 4;
const SHARD = /^(.*-)(\d{5})(-of-\d{5}\.gguf)$/i;

/** What replicas take: learned, declared, worked out from the weights, or unknown. */
export class Footprints {
  private readonly measured = new Map<string, readonly number[]>();
  private readonly lastRead = new Map<string, Footprint | undefined>();

  /** Undefined: nobody can tell before it is loaded. */
  async of(load: Load): Promise<Footprint | undefined> {
    const weights = load.declaredGib === undefined ? await weightsAt(load.path) : undefined;
    this.lastRead.set(keyOf(load), weights && footprintOf(weights, load));
    return this.known(load);
  }

  /** What {@link of} would answer, as far as it was asked before. */
  known(load: Load): Footprint | undefined {
    const measured = this.measured.get(keyOf(load));
    const bytes = measured === undefined ? (load.declaredGib ?? 0) * GIB : Math.max(...measured);
    return bytes > 0 ? { weightsBytes: Math.ceil(bytes), kvBytes: 0 } : this.lastRead.get(keyOf(load));
  }

  /** What a load was seen to take; the next one of the same is expected to take as much as the last few did at most. */
  learn(load: Load, bytes: number): void {
    if (bytes <= 0) return;
    const before = this.measured.get(keyOf(load)) ?? [];
    this.measured.set(keyOf(load), [...before, bytes].slice(-MEASUREMENTS));
  }
}

function keyOf({ engine, modelRef, slots, contextTokens }: Load): string {
  return JSON.stringify([engine, modelRef, slots, contextTokens ?? null]);
}

export function footprintOf({ bytes, shape }: Weights, load: Pick<Load, 'slots' | 'contextTokens'>): Footprint {
  return memoryNeed(bytes, shape, load);
}

/** Undefined when there is no such file; the engine will say so in its own words. */
export async function weightsAt(path: string | undefined): Promise<Weights | undefined> {
  if (path === undefined) return undefined;
  try {
    return { bytes: await sizeOf(path), shape: await readModelShape(path) };
  } catch {
    return undefined;
  }
}

/** Weights may lie in several files that are numbered; the first is named and has the header. */
async function sizeOf(path: string): Promise<number> {
  const numbered = SHARD.exec(basename(path));
  if (numbered === null) return (await stat(path)).size;
  const [, before, , after] = numbered as unknown as readonly [string, string, string, string];
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(before) && name.endsWith(after));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dirname(path), name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** All of it; 0 where nobody can tell. */
export function footprintBytes(footprint: Footprint | undefined): number {
  return footprint === undefined ? 0 : footprint.weightsBytes + footprint.kvBytes;
}
