import {
  type AdmissionReceipt,
  type Counterfactual,
  type Decision,
  type DispatchReceipt,
  type EvictionReceipt,
  type Receipt,
  type Task,
} from '@llama-orch/client';
import { counted, duration, printable } from './text.js';

/** What happened to a task and why, in sentences. `task` is absent when only its receipts can be read. */
export function explanationOf(decision: Decision, task: Task | undefined): string {
  const { receipts, complete, counterfactual } = decision;
  const begun = receipts[0]!.at_ms;
  const lines = [
    `Task ${decision.task_id}, pool ${receipts[0]!.pool_id}, since ${new Date(begun).toISOString()}`,
    ...(complete ? [] : ['Its first receipts are forgotten; this is what is left.']),
    '',
    ...receipts.flatMap((receipt) => entryOf(receipt, receipt.at_ms - begun)),
    ...(task === undefined ? [] : outcomeOf(task, receipts)),
    '',
    ...proofOf(decision),
    ...(counterfactual === null ? [] : ['', ...whatIfOf(counterfactual)]),
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function entryOf(receipt: Receipt, afterMs: number): string[] {
  const [first = '', ...rest] = sentencesOf(receipt);
  const when = `+${duration(afterMs)}`.padEnd(9);
  return [`${when} ${first}`, ...rest.map((line) => `${' '.repeat(9)} ${line}`)];
}

function sentencesOf(receipt: Receipt): string[] {
  switch (receipt.kind) {
    case 'admission':
      return admissionOf(receipt);
    case 'dispatch':
      return dispatchOf(receipt);
    case 'eviction':
      return [evictionOf(receipt)];
    case 'requeue':
      return [receipt.why];
    case 'preemption':
      return [`It was suspended for task ${receipt.inputs.newcomer}: ${receipt.why}`];
  }
}

function admissionOf({ inputs, chosen, scores, why }: AdmissionReceipt): string[] {
  const compared = scores.length > 1 ? [`Pools compared: ${scores.map(rankOf).join('; ')}`] : [];
  const deadline = inputs.deadline_ms === null ? [] : [deadlineOf(inputs, chosen.meets_deadline === true)];
  if (chosen.room === 'full') return [`It was turned away as ${kindOf(inputs.priority)}: ${why}`, ...compared];
  const evicted = chosen.victim === null ? [] : [`Task ${chosen.victim} was evicted for it.`];
  return [`It came as ${kindOf(inputs.priority)}: ${why}`, ...evicted, placeInLine(chosen), ...deadline, ...compared];
}

function evictionOf({ inputs: { newcomer, priority }, why }: EvictionReceipt): string {
  return `It had to leave the queue${newcomer === null ? '' : ` for ${kindOf(priority)}, ${newcomer}`}: ${why}`;
}

function kindOf(priority: Task['priority']): string {
  return priority === 'interactive' ? 'an interactive task' : 'a batch task';
}

function placeInLine({
  queue_position,
  predicted_start_ms,
  predicted_start_p90_ms,
}: AdmissionReceipt['chosen']): string {
  const others = counted(queue_position ?? 0, 'task');
  if (predicted_start_ms === 0) return `${others} stood before it; predicted to start at once.`;
  const [p50, p90] = [duration(predicted_start_ms ?? 0), duration(predicted_start_p90_ms ?? 0)];
  return `${others} stood before it; predicted to start in ${p50}, with 90 % certainty within ${p90}.`;
}

function deadlineOf({ deadline_ms, service_p50_ms }: AdmissionReceipt['inputs'], meets: boolean): string {
  const left = duration(deadline_ms ?? 0);
  return `It had ${left} to its deadline and was predicted to run for ${duration(service_p50_ms)}: ${meets ? 'feasible' : 'not feasible'}.`;
}

function rankOf({ pool_id, why }: AdmissionReceipt['scores'][number]): string {
  return `${pool_id} (${why.replace(/\.$/, '')})`;
}

function dispatchOf({ inputs, candidates, scores, chosen, why }: DispatchReceipt): string[] {
  const others = scores.filter(({ replica_id }) => replica_id !== chosen.replica_id).slice(0, 3);
  const passed = others.length === 0 ? [] : [`Next best: ${others.map(nextBest).join('; ')}`];
  const choice = `${counted(candidates.length, 'replica')} had a free slot, ${chosen.replica_id} was taken: ${why}`;
  return [`Its turn came; ${counted(inputs.waiting, 'task')} stayed in the queue.`, choice, ...passed];
}

function nextBest({ replica_id, why }: DispatchReceipt['scores'][number]): string {
  return `${replica_id} (${why.replace(/\.$/, '')})`;
}

/** What was predicted beside what came. */
function outcomeOf(task: Task, receipts: readonly Receipt[]): string[] {
  const admission = receipts.find((receipt) => receipt.kind === 'admission');
  const predicted = admission?.chosen.predicted_start_ms ?? null;
  const waited = task.started_ms === null ? undefined : duration(Math.max(0, task.started_ms - task.created_ms));
  const against = predicted === null ? '' : `, predicted were ${duration(predicted)}`;
  return [
    '',
    ...(waited === undefined ? [] : [`It started after ${waited}${against}.`]),
    `Now it is ${task.state}${task.error === null ? '' : `: ${task.error.code}: ${task.error.message}`}.`,
  ];
}

function proofOf({ receipts, replayed, differences }: Decision): string[] {
  const { software, plugins } = receipts[0]!;
  const by = `Decided by ${plugins.discipline} and ${plugins.placement}, llama-orch ${software}.`;
  if (replayed) return [`${by} The same code, run again on the same inputs, decides the same.`];
  const members = differences.map(({ receipt, member }) => `${receipts[receipt]?.kind ?? 'receipt'} ${member}`);
  return [`${by} Run again, the code decides otherwise: ${members.join(', ')}.`];
}

function whatIfOf(answer: Counterfactual): string[] {
  const asked = Object.entries(answer.asked).map(([name, value]) => `${name}=${value}`);
  const head = `What if ${asked.join(', ')}:`;
  if (answer.meets_deadline === false) return [`${head} it would have been refused; the deadline could not be met.`];
  if (answer.room === 'full') return [`${head} it would have been turned away. ${answer.why}`];
  const evicted = answer.victim === null ? '' : ` Task ${answer.victim} would have been evicted for it.`;
  const position = counted(answer.queue_position ?? 0, 'task');
  const start = answer.predicted_start_ms === 0 ? 'at once' : `in ${duration(answer.predicted_start_ms ?? 0)}`;
  const replica = answer.replica_id === null ? '' : ` It would have run on ${answer.replica_id}.`;
  return [`${head} ${position} before it, predicted to start ${start}. ${answer.why}${evicted}${replica}`];
}
