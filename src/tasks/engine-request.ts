import { type EngineDescription, type GenerateRequest } from '@llama-orch/plugin-sdk';
import { type Task } from './task.js';

/** What the engine is asked for: the task's values, the seed reduced to the engine's width. */
export function engineRequest(task: Task, engine: EngineDescription): GenerateRequest {
  const { request } = task;
  if (request.prompt === undefined) throw new Error('a completion has a prompt');
  return {
    taskId: request.id,
    prompt: request.prompt,
    sampling: request.sampling,
    seed: reducedSeed(request.seed, engine.seedBits),
    maxTokens: request.maxTokens,
    ...(request.jsonSchema === undefined ? {} : { jsonSchema: request.jsonSchema }),
  };
}

/** The seed modulo the width that the engine declares. */
export function reducedSeed(seed: bigint, seedBits: number): number {
  return Number(BigInt.asUintN(seedBits, seed));
}

/** An int64 as the wire carries it: a number when it is safe, else decimal text. */
export function wireInt64(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}
