import { type AdmissionReceipt, type Counterfactual, type Receipt } from '@llama-orch/client';
import { type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { decideAdmission, decideDispatch } from './decide.js';

/** What a caller might have asked for instead. */
export type Asked = Counterfactual['asked'];

/**
 * What the recorded snapshot would have given another request: the code decides again with the inputs that differ.
 * Undefined without an admission receipt.
 */
export function whatIf(
  asked: Asked,
  receipts: readonly Receipt[],
  strategy: PlacementStrategy,
): Counterfactual | undefined {
  const admission = receipts.findLast((receipt) => receipt.kind === 'admission');
  if (admission === undefined) return undefined;
  const inputs = {
    ...admission.inputs,
    priority: asked.priority ?? admission.inputs.priority,
    deadline_ms: asked.deadline_ms ?? admission.inputs.deadline_ms,
  };
  // Other pools were compared for the class that was asked for; so the question stays with the pool that was chosen.
  const { chosen, why } = decideAdmission(inputs, [], admission.pool_id);
  const isRefused = chosen.room === 'full' || chosen.meets_deadline === false;
  return {
    asked,
    room: chosen.room,
    victim: chosen.victim,
    code: chosen.meets_deadline === false ? 'DEADLINE_UNMET' : chosen.code,
    meets_deadline: chosen.meets_deadline,
    ...(isRefused ? NO_START : startOf(admission, inputs, chosen.victim)),
    replica_id: isRefused ? null : replicaOf(inputs.priority, receipts, strategy),
    why,
  };
}

const NO_START = { queue_position: null, predicted_start_ms: null, predicted_start_p90_ms: null };

function startOf(
  admission: AdmissionReceipt,
  { priority, outlook, room }: AdmissionReceipt['inputs'],
  victim: string | null,
) {
  const { chosen, inputs } = admission;
  if (priority === inputs.priority && chosen.queue_position !== null) {
    const { queue_position, predicted_start_ms, predicted_start_p90_ms } = chosen;
    return { queue_position, predicted_start_ms, predicted_start_p90_ms };
  }
  const { ahead, start_p50_ms, start_p90_ms } = outlook[priority];
  const victimIsAhead = victim !== null && (priority === 'batch' || victim === room.ends?.oldest_interactive?.task_id);
  return {
    queue_position: victimIsAhead ? ahead - 1 : ahead,
    predicted_start_ms: start_p50_ms,
    predicted_start_p90_ms: start_p90_ms,
  };
}

/** The replica that the strategy takes for a task of this class, among the candidates of the first dispatch. */
function replicaOf(
  priority: AdmissionReceipt['inputs']['priority'],
  receipts: readonly Receipt[],
  strategy: PlacementStrategy,
): string | null {
  const dispatch = receipts.find((receipt) => receipt.kind === 'dispatch');
  if (dispatch === undefined) return null;
  const inputs = { ...dispatch.inputs, item: { ...dispatch.inputs.item, priority } };
  return decideDispatch(inputs, dispatch.candidates, strategy)?.chosen.replica_id ?? null;
}
