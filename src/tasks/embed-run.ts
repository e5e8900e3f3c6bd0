import { type EngineConnection, EngineError } from '@llama-orch/plugin-sdk';
import { type EndFrame } from './frames.js';
import { type Task } from './task.js';

export interface EmbedOutcome {
  readonly output: NonNullable<EndFrame['output']>;
  readonly promptTokens: number;
}

/** Runs a task whose result arrives whole. @throws EngineError */
export async function embedOrRerank(task: Task, engine: EngineConnection, signal: AbortSignal): Promise<EmbedOutcome> {
  const { id: taskId, inputs, prompt, workload } = task.request;
  if (workload === 'embedding' && engine.embed !== undefined) {
    const { embeddings, promptTokens } = await engine.embed({ taskId, inputs }, signal);
    return { output: { embeddings }, promptTokens };
  }
  if (workload === 'rerank' && engine.rerank !== undefined && prompt?.type === 'text') {
    const { scores, promptTokens } = await engine.rerank({ taskId, inputs, query: prompt.text }, signal);
    return { output: { scores }, promptTokens };
  }
  throw new EngineError('invalid-input', `the engine does not offer the workload ${workload}`, {
    reason: 'not_supported',
  });
}
