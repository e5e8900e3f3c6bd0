import { type CreateTask } from '@llama-orch/client';
import { AppError } from '../kernel/errors.js';
import { seedOf } from '../kernel/ids.js';
import { taskRequest } from './task-request.js';

const SUBMISSION = {
  body: {},
  caller: { tenantId: 't', keyId: null },
  correlationId: 'c',
  provenance: {},
  idempotencyKey: undefined,
  receivedAt: 7,
};

const read = (members: Partial<CreateTask> = {}) => {
  const body = {
    workload: 'completion',
    model_ref: 'm',
    priority: 'interactive',
    prompt: 'x',
    max_tokens: 5,
    ...members,
  } as CreateTask;
  return taskRequest(body, SUBMISSION, 1_700_000_000_000);
};

function violations(members: Partial<CreateTask>): readonly string[] {
  try {
    read(members);
  } catch (error) {
    if (error instanceof AppError) return error.members.errors!.map(({ pointer }) => pointer);
    throw error;
  }
  return [];
}

describe('a task request', () => {
  it('names every sampling value, greedy by default (OC-CORE-1030)', () => {
    expect(read().sampling).toEqual({
      temperature: 0,
      topP: 1,
      topK: 0,
      minP: 0,
      presencePenalty: 0,
      frequencyPenalty: 0,
      repeatPenalty: 1,
      stop: [],
    });
    expect(read({ params: { temperature: 0.7, top_k: 40, stop: ['\n'] } }).sampling).toMatchObject({
      temperature: 0.7,
      topK: 40,
      stop: ['\n'],
    });
  });

  it('keeps the id of the caller in lower case and derives the seed from it (OC-CORE-1030)', () => {
    const { id, seed } = read({ task_id: '01890A5D-AC96-774B-BCCE-B302099A8057' });
    expect([id, seed]).toEqual(['01890a5d-ac96-774b-bcce-b302099a8057', seedOf(id)]);
    expect(read().id).not.toBe(read().id);
  });

  it.each([
    [5, 5n],
    ['9223372036854775807', 2n ** 63n - 1n],
    [0, 0n],
  ])('reads the seed %j exactly (OC-CORE-1030)', (seed, expected) => expect(read({ seed }).seed).toBe(expected));

  it('refuses what a schema cannot say, all at once (ORCH-4301)', () => {
    expect(violations({ seed: '9223372036854775808', model_ref: '../x' })).toEqual(['/seed', '/model_ref']);
  });

  it('turns response formats into a JSON Schema (ORCH-4401)', () => {
    const format = (response_format: unknown) =>
      read({ params: { response_format } } as Partial<CreateTask>).jsonSchema;
    expect([format({ type: 'text' }), format({ type: 'json_object' })]).toEqual([undefined, { type: 'object' }]);
    expect(format({ type: 'json_schema', json_schema: { name: 'a', schema: { type: 'array' } } })).toEqual({
      type: 'array',
    });
  });

  it('knows a chat from a text, and stays when its reader leaves unless told otherwise', () => {
    expect(read().prompt).toEqual({ type: 'text', text: 'x' });
    const messages = [{ role: 'user', content: 'hi' }] as const;
    expect(read({ prompt: undefined, messages: [...messages] }).prompt).toEqual({ type: 'chat', messages });
    expect([read().onDisconnect, read({ on_disconnect: 'cancel' }).onDisconnect]).toEqual(['detach', 'cancel']);
  });
});
