import { type CreateTask } from '@llama-orch/client';
import { type ChatMessage, type EnginePrompt, GREEDY, type Sampling } from '@llama-orch/plugin-sdk';
import { type Violation, invalidParams } from '../kernel/errors.js';
import { type TaskId, newTaskId, parseTaskId, seedOf } from '../kernel/ids.js';
import { isModelRef } from '../pools/model-ref.js';
import { type TaskRequest } from '../tasks/task.js';
import { type Submission } from './submission.js';

export const LONGEST_DEADLINE_MS = 86_400_000;
const LARGEST_SEED = 2n ** 63n - 1n;

/** Sampler profile `v1`: greedy, everything else neutral. */
const PROFILE_V1 = GREEDY;

/** What a task asks for before a pool is chosen: the pool still gives context and profile. */
export type UnplacedRequest = Omit<TaskRequest, 'ctx' | 'samplerProfileVersion'>;

/** Fills in the defaults. @throws AppError `INVALID_PARAMS` for what a schema cannot say */
export function taskRequest(body: CreateTask, submission: Submission, epochMs: number): UnplacedRequest {
  const id = idOf(body, epochMs);
  const violations = [...seedViolations(body), ...deadlineViolations(body), ...modelViolations(body)];
  if (violations.length > 0) throw invalidParams(violations);
  return {
    id,
    tenantId: submission.caller.tenantId,
    clientId: submission.caller.keyId,
    callName: body.task_id?.toLowerCase() ?? submission.idempotencyKey,
    correlationId: submission.correlationId,
    provenance: submission.provenance,
    sessionId: body.session_id?.toLowerCase() ?? null,
    workload: body.workload,
    modelRef: body.model_ref,
    priority: body.priority,
    seed: body.seed === undefined ? seedOf(id) : BigInt(body.seed),
    determinism: body.determinism,
    prompt: promptOf(body),
    inputs: body.inputs ?? [],
    sampling: samplingOf(body),
    jsonSchema: jsonSchemaOf(body),
    maxTokens: body.max_tokens ?? 1,
    deadlineMs: body.deadline_ms === undefined ? undefined : Number(body.deadline_ms),
    expectedTokens: body.expected_tokens,
    kvHint: body.kv_hint,
    poolLabels: body.pool_labels,
    onDisconnect: body.on_disconnect ?? 'detach',
    receivedAt: submission.receivedAt,
    createdMs: epochMs,
  };
}

function idOf(body: CreateTask, epochMs: number): TaskId {
  return (body.task_id === undefined ? undefined : parseTaskId(body.task_id)) ?? newTaskId(epochMs);
}

function seedViolations({ seed }: CreateTask): Violation[] {
  if (seed === undefined || BigInt(seed) <= LARGEST_SEED) return [];
  return [{ pointer: '/seed', message: `must be at most ${LARGEST_SEED}` }];
}

/** The schema bounds numbers; a deadline can be text too. */
function deadlineViolations({ deadline_ms }: CreateTask): Violation[] {
  if (deadline_ms === undefined || BigInt(deadline_ms) <= LONGEST_DEADLINE_MS) return [];
  return [{ pointer: '/deadline_ms', message: `must be at most ${LONGEST_DEADLINE_MS}` }];
}

function modelViolations({ model_ref }: CreateTask): Violation[] {
  if (isModelRef(model_ref)) return [];
  return [
    { pointer: '/model_ref', message: 'must be a model id, sha256:<hex>, or a ref such as hf:…, https://…, file:/…' },
  ];
}

function promptOf(body: CreateTask): EnginePrompt | undefined {
  if (body.prompt !== undefined) return { type: 'text', text: body.prompt };
  if (body.messages === undefined) return undefined;
  return { type: 'chat', messages: body.messages.map(({ role, content }): ChatMessage => ({ role, content })) };
}

function samplingOf({ params = {} }: CreateTask): Sampling {
  return {
    temperature: params.temperature ?? PROFILE_V1.temperature,
    topP: params.top_p ?? PROFILE_V1.topP,
    topK: params.top_k ?? PROFILE_V1.topK,
    minP: params.min_p ?? PROFILE_V1.minP,
    presencePenalty: params.presence_penalty ?? PROFILE_V1.presencePenalty,
    frequencyPenalty: params.frequency_penalty ?? PROFILE_V1.frequencyPenalty,
    repeatPenalty: params.repeat_penalty ?? PROFILE_V1.repeatPenalty,
    stop: params.stop ?? PROFILE_V1.stop,
  };
}

function jsonSchemaOf({ params }: CreateTask): unknown {
  const format = params?.response_format;
  if (format === undefined || format.type === 'text') return undefined;
  return format.type === 'json_object' ? { type: 'object' } : format.json_schema?.schema;
}
