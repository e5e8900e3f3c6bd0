import { type Client, type CreateTask, type TaskAccepted } from '@llama-orch/client';
import { UsageError } from './cli-errors.js';
import { range } from './follow-task.js';
import { type Shell } from './shell.js';
import { takesPrompt, taskOf, type TaskFlags } from './task-flags.js';
import { counted, duration } from './text.js';

export interface SubmitFlags extends TaskFlags {
  /** Retry as told instead of failing while the daemon is full or loading. */
  readonly wait?: boolean;
}

/** Builds the task of the command line and submits it. */
export async function submitTask(
  shell: Shell,
  client: Client,
  prompt: string | undefined,
  flags: SubmitFlags,
  signal: AbortSignal,
): Promise<TaskAccepted> {
  const text = takesPrompt(flags) ? await promptText(shell, prompt) : undefined;
  const task = taskOf(flags, flags.model ?? (await onlyModel(client, signal)), text);
  const accepted = await submit(shell, client, task, flags.wait ?? false, signal);
  shell.say(acceptedText(accepted), 'dim');
  return accepted;
}

function submit(
  shell: Shell,
  client: Client,
  task: CreateTask,
  isPatient: boolean,
  signal: AbortSignal,
): Promise<TaskAccepted> {
  if (!isPatient) return client.submit(task, { signal });
  return client.submit(task, {
    signal,
    retry: {
      attempts: Infinity,
      onWait: (error, waitMs) => shell.say(`${error.message}; trying again in ${duration(waitMs)}`),
    },
  });
}

async function promptText(shell: Shell, prompt: string | undefined): Promise<string> {
  if (prompt !== undefined && prompt !== '-') return prompt;
  if (prompt === undefined && shell.io.stdinIsTty) {
    throw new UsageError('no prompt: write it behind the command, or pipe it in');
  }
  return shell.io.readStdin();
}

/** The model of a daemon that serves just one. */
async function onlyModel(client: Client, signal: AbortSignal): Promise<string> {
  const { engines, on_demand = [] } = await client.capabilities({ signal });
  const offers = [...engines.flatMap(({ pools }) => pools), ...on_demand];
  const models = [...new Set(offers.map((offer) => offer.model_id))].sort();
  const [model] = models;
  if (model !== undefined && models.length === 1) return model;
  throw new UsageError(
    model === undefined
      ? 'the daemon serves no model yet; see llama-orch status, or name one with --model'
      : `the daemon serves several models; choose one with --model: ${models.join(', ')}`,
  );
}

function acceptedText(accepted: TaskAccepted): string {
  const { task_id, queue_position, pool_id, predicted_start_ms, predicted_start_p90_ms } = accepted;
  const start =
    queue_position === 0 && predicted_start_p90_ms === 0
      ? 'starts now'
      : `${counted(queue_position, 'task')} ahead, starts in ${range(predicted_start_ms, predicted_start_p90_ms)}`;
  return `task ${task_id} in pool ${pool_id}: ${start}`;
}
