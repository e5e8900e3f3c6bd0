import { type DispatchReceipt } from '@llama-orch/client';
import { type PlacementCandidate, type ReplicaRates } from '@llama-orch/plugin-sdk';

type Written = DispatchReceipt['candidates'][number];
type WrittenRates = NonNullable<Written['rates']>;

/** A fact that was not known, or that nobody asked for, is absent on both sides. */
export function writeCandidate(candidate: PlacementCandidate): Written {
  const { freeVramBytes, rates, dispatches, warmTokens } = candidate;
  return {
    replica_id: candidate.replicaId,
    slots_total: candidate.slotsTotal,
    slots_busy: candidate.slotsBusy,
    labels: candidate.labels,
    ...(freeVramBytes === undefined ? {} : { free_vram_bytes: freeVramBytes }),
    ...(rates === undefined ? {} : { rates: writeRates(rates) }),
    ...(dispatches === undefined ? {} : { dispatches }),
    ...(warmTokens === undefined ? {} : { warm_tokens: warmTokens }),
  };
}

export function readCandidate(written: Written): PlacementCandidate {
  const { free_vram_bytes, rates, dispatches, warm_tokens } = written;
  return {
    replicaId: written.replica_id,
    slotsTotal: written.slots_total,
    slotsBusy: written.slots_busy,
    labels: written.labels,
    ...(free_vram_bytes === undefined ? {} : { freeVramBytes: free_vram_bytes }),
    ...(rates === undefined ? {} : { rates: readRates(rates) }),
    ...(dispatches === undefined ? {} : { dispatches }),
    ...(warm_tokens === undefined ? {} : { warmTokens: warm_tokens }),
  };
}

function writeRates({ prefillTps, decodeTps, slowdown, uncertainty }: ReplicaRates): WrittenRates {
  return { prefill_tps: prefillTps, decode_tps: decodeTps, slowdown, uncertainty };
}

function readRates({ prefill_tps, decode_tps, slowdown, uncertainty }: WrittenRates): ReplicaRates {
  return { prefillTps: prefill_tps, decodeTps: decode_tps, slowdown, uncertainty };
}
