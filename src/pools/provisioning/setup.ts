import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { type EngineProgram } from '@llama-orch/plugin-sdk';
import { type PoolConfig } from '../../config/index.js';
import { expanded, type Places } from './places.js';

type Provisioning = NonNullable<PoolConfig['provisioning']>;

/** A pool whose engine llama-orch starts, and all that decides how. */
export interface Setup {
  readonly pool: PoolConfig;
  readonly provisioning: Provisioning;
  readonly program: EngineProgram;
  readonly places: Places;
}

/** Where the program of a pool is. `search`: on the PATH. */
export type ProgramPlace =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'search'; readonly name: string }
  | { readonly type: 'container'; readonly image: string; readonly runtime: 'podman' | 'docker' | undefined };

/** True when the pool has an engine that llama-orch starts. */
export function isProvisioned({ provisioning }: PoolConfig): boolean {
  return provisioning?.mode !== undefined && provisioning.mode !== 'external';
}

/** The validator has seen that the section of the mode is there. */
export function programPlace(setup: Setup): ProgramPlace {
  const { provisioning, program, places } = setup;
  const { mode, binary, container } = provisioning;
  if (mode === 'package') return { type: 'search', name: program.name };
  if (mode === 'container') return { type: 'container', image: imageOf(container!), runtime: container!.runtime };
  if (mode === 'source') return { type: 'file', path: join(sourceFolders(setup).build, program.build?.output ?? '') };
  if (binary!.path !== undefined) return { type: 'file', path: expanded(binary!.path, places) };
  return { type: 'file', path: join(downloadFolder(setup), program.name) };
}

/** Downloads of another digest lie beside each other, so that going back fetches nothing. */
export function downloadFolder({ pool, provisioning, places }: Setup): string {
  const { install_dir, checksum = '' } = provisioning.binary!;
  const root = install_dir === undefined ? join(places.cache, pool.engine) : expanded(install_dir, places);
  return join(root, checksum.slice('sha256:'.length, 'sha256:'.length + 12));
}

/** Another ref, flag or device makes another build, in a folder of its own. */
export function sourceFolders({ pool, provisioning, places }: Setup): { root: string; source: string; build: string } {
  const { repo, ref, submodules, build } = provisioning.source!;
  const cache = build.cache_dir === undefined ? join(places.cache, pool.engine) : expanded(build.cache_dir, places);
  const inputs = JSON.stringify([repo, ref, submodules, build.cmake_flags, build.generator ?? null, pool.device]);
  const digest = createHash('sha256').update(inputs).digest('hex').slice(0, 12);
  const root = join(cache, `${ref.replaceAll(/[^A-Za-z0-9._-]/g, '-')}-${digest}`);
  return { root, source: join(root, 'source'), build: join(root, 'build') };
}

/** Where the weights of `provisioning.model` lie once they are there; undefined without it. */
export function weightsFile({ provisioning, places }: Pick<Setup, 'provisioning' | 'places'>): string | undefined {
  const { model } = provisioning;
  if (model === undefined) return undefined;
  if (model.ref.startsWith('file:')) return model.ref.slice('file:'.length);
  const folder = model.cache_dir === undefined ? join(places.cache, 'models') : expanded(model.cache_dir, places);
  const digest = (model.checksum ?? '').slice('sha256:'.length, 'sha256:'.length + 12);
  return join(folder, `${digest}-${basename(new URL(model.ref).pathname)}`);
}

/** `image:tag`, or `image@sha256:…`. */
function imageOf({ image, tag }: NonNullable<Provisioning['container']>): string {
  return tag.startsWith('sha256:') ? `${image}@${tag}` : `${image}:${tag}`;
}
