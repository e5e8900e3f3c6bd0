import { Option, type Command } from 'commander';
import { type ChatMessage, type CreateTask, type SamplingParams } from '@llama-orch/client';
import { UsageError } from './cli-errors.js';
import { decimal, int64, integer, json, label, repeated } from './flags.js';

/** The flags that describe a task, as commander hands them over. */
export interface TaskFlags {
  readonly taskId?: string;
  readonly session?: string;
  readonly workload: CreateTask['workload'];
  readonly model?: string;
  readonly engine?: string;
  readonly ctx?: number;
  readonly priority: CreateTask['priority'];
  readonly seed?: number | string;
  readonly determinism?: CreateTask['determinism'];
  readonly profile?: string;
  readonly system?: string;
  readonly messages?: unknown;
  readonly input?: readonly string[];
  readonly maxTokens?: number;
  readonly deadlineMs?: number | string;
  readonly expectedTokens?: number;
  readonly kvHint?: CreateTask['kv_hint'];
  readonly onDisconnect?: CreateTask['on_disconnect'];
  readonly label?: Readonly<Record<string, string>>;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly repeatPenalty?: number;
  readonly stop?: readonly string[];
  readonly responseFormat?: unknown;
  readonly tools?: unknown;
  readonly toolChoice?: unknown;
}

const DEFAULT_MAX_TOKENS = 256;

/** Adds one flag for every field of a task. */
export function addTaskFlags(command: Command): Command {
  return command
    .option('-m, --model <ref>', 'what to run; may be left out when the daemon serves one model')
    .option('-n, --max-tokens <count>', `tokens to generate at most (completion: ${DEFAULT_MAX_TOKENS})`, integer)
    .addOption(choice('--workload <kind>', 'kind of task', ['completion', 'embedding', 'rerank'], 'completion'))
    .addOption(choice('--priority <class>', 'whose turn it is', ['interactive', 'batch'], 'interactive'))
    .option('--system <text>', 'system message; the prompt becomes the user message')
    .option('--messages <json>', 'chat turns instead of a prompt', json)
    .option('--input <text>', 'text to embed or document to rank; repeat it', repeated)
    .option('--seed <number>', 'seed, 0 to 2^63-1', int64)
    .option('--temperature <number>', 'sampling temperature, 0 to 2', decimal)
    .option('--top-p <number>', 'nucleus sampling', decimal)
    .option('--top-k <number>', 'candidates to sample from; 0 is off', integer)
    .option('--min-p <number>', 'least relative probability', decimal)
    .option('--presence-penalty <number>', '-2 to 2', decimal)
    .option('--frequency-penalty <number>', '-2 to 2', decimal)
    .option('--repeat-penalty <number>', '0.1 to 2', decimal)
    .option('--stop <text>', 'end before this text; repeat it', repeated)
    .option('--response-format <json>', 'form of the answer', json)
    .option('--tools <json>', 'functions that the model may call', json)
    .option('--tool-choice <json or word>', 'auto, none, required or one function', wordOrJson)
    .option('--task-id <uuid>', 'id of the task; sending the same twice is harmless')
    .option('--session <uuid>', 'session that the task belongs to')
    .option('--engine <id>', 'engine adapter that must run it')
    .option('--ctx <tokens>', 'context window', integer)
    .addOption(
      choice('--determinism <mode>', 'strict: only where equal tasks give equal bytes', ['strict', 'best_effort']),
    )
    .option('--profile <version>', 'sampler profile')
    .option('--deadline-ms <ms>', 'give up after this time', int64)
    .option('--expected-tokens <count>', 'hint for predictions', integer)
    .addOption(choice('--kv-hint <hint>', 'whether to run where the session is warm', ['reuse', 'cold']))
    .addOption(choice('--on-disconnect <mode>', 'what the loss of the last reader does', ['detach', 'cancel']))
    .option('--label <key=value>', 'only pools with this label; repeat it', label);
}

/** The task that the flags describe. `prompt` is absent when other members take its place. */
export function taskOf(flags: TaskFlags, model: string, prompt: string | undefined): CreateTask {
  return withoutAbsent({
    task_id: flags.taskId,
    session_id: flags.session,
    workload: flags.workload,
    model_ref: model,
    engine: flags.engine,
    ctx: flags.ctx,
    priority: flags.priority,
    seed: flags.seed,
    determinism: flags.determinism,
    sampler_profile_version: flags.profile,
    ...inputsOf(flags, prompt),
    params: paramsOf(flags),
    max_tokens: flags.maxTokens ?? (flags.workload === 'completion' ? DEFAULT_MAX_TOKENS : undefined),
    deadline_ms: flags.deadlineMs,
    expected_tokens: flags.expectedTokens,
    kv_hint: flags.kvHint,
    on_disconnect: flags.onDisconnect,
    pool_labels: flags.label,
  });
}

/** Whether the task takes a text from the command line or from standard input. */
export function takesPrompt(flags: TaskFlags): boolean {
  if (flags.workload === 'embedding') return flags.input === undefined;
  return flags.messages === undefined;
}

function inputsOf(flags: TaskFlags, prompt: string | undefined): Pick<CreateTask, 'prompt' | 'messages' | 'inputs'> {
  if (flags.workload === 'embedding') return { inputs: flags.input ?? [prompt ?? ''] };
  if (flags.workload === 'rerank') return { prompt, inputs: flags.input ?? [] };
  if (flags.messages !== undefined) return { messages: messagesOf(flags.messages) };
  if (flags.system === undefined) return { prompt };
  return { messages: [turn('system', flags.system), turn('user', prompt ?? '')] };
}

function messagesOf(value: unknown): readonly ChatMessage[] {
  if (!Array.isArray(value)) throw new UsageError('--messages must be a JSON array of {"role", "content"}');
  return value as readonly ChatMessage[];
}

function turn(role: ChatMessage['role'], content: string): ChatMessage {
  return { role, content };
}

function paramsOf(flags: TaskFlags): SamplingParams | undefined {
  const params = withoutAbsent({
    temperature: flags.temperature,
    top_p: flags.topP,
    top_k: flags.topK,
    min_p: flags.minP,
    presence_penalty: flags.presencePenalty,
    frequency_penalty: flags.frequencyPenalty,
    repeat_penalty: flags.repeatPenalty,
    stop: flags.stop,
    response_format: flags.responseFormat,
    tools: flags.tools,
    tool_choice: flags.toolChoice,
  });
  return Object.keys(params).length === 0 ? undefined : (params as SamplingParams);
}

function withoutAbsent<Members extends object>(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members;
}

function wordOrJson(text: string): unknown {
  return text.startsWith('{') ? json(text) : text;
}

function choice(flag: string, description: string, values: readonly string[], byDefault?: string): Option {
  const option = new Option(flag, description).choices(values);
  return byDefault === undefined ? option : option.default(byDefault);
}
