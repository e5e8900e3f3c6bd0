import { allow, definePolicy, deny, type Infer, s } from '@llama-orch/policy-sdk';

const settings = s.object({
  max_calls: s.integer({ minimum: 0, maximum: 1_000_000 }).default(20).describe('Calls of one task.'),
  max_request_bytes: s
    .integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
    .default(1_048_576)
    .describe('Bytes that one task may send, all its bodies together.'),
  without_task: s
    .enum('deny', 'allow')
    .default('deny')
    .describe('What becomes of calls that name no task, which nobody counts.'),
  tools: s
    .array(s.string(), { minItems: 1 })
    .default(['http.fetch', 'search'])
    .describe('Tools whose calls are judged; downloads belong to no task.'),
});

/** How many calls, and bytes, one task may spend. The host counts them. */
export default definePolicy<Infer<typeof settings>>({
  name: 'per-task-budget',
  version: '1.0.0',
  license: 'Apache-2.0',
  config: settings,
  request: ({ task, usage, body, config, tool }) => {
    if (!config.tools.includes(tool.name)) return allow();
    if (task.id === null) return config.without_task === 'allow' ? allow() : anonymous();
    if (usage.callsInTask >= config.max_calls) {
      return deny('TASK_CALLS_SPENT', `the task has made ${usage.callsInTask} calls; ${config.max_calls} are allowed`);
    }
    const bytes = usage.bytesOut + body.bytes;
    if (bytes > config.max_request_bytes) {
      const reason = `the task would have sent ${bytes} bytes; ${config.max_request_bytes} are allowed`;
      return deny('TASK_BYTES_SPENT', reason);
    }
    return allow();
  },
});

function anonymous() {
  return deny('TASK_REQUIRED', 'the call names no task, so nothing can be counted', { hint: 'send the task_id' });
}
