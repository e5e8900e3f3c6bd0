import { type EngineDescription } from '@llama-orch/plugin-sdk';

/**
 * What decides the bytes of an answer beside its task: equal texts, equal answers. Without a digest, the name has to
 * tell models apart.
 */
export function engineIdentity(engine: string, modelRef: string, description: EngineDescription): string {
  const { engineVersion, modelDigest = modelRef, quant = null, contextTokens, determinism } = description;
  return JSON.stringify([engine, engineVersion, modelDigest, quant, contextTokens, determinism]);
}

/** True when an engine of this {@link engineIdentity} gives equal tasks equal bytes. */
export function repeatsItself(identity: string): boolean {
  const parts = JSON.parse(identity) as readonly unknown[];
  return parts.at(-1) === ('exact' satisfies EngineDescription['determinism']);
}
