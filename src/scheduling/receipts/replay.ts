import { type Receipt } from '@llama-orch/client';
import { type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { decideAdmission, decideDispatch, decideEviction, decidePreemption } from './decide.js';
import { digestOf } from './digest.js';
import { whyRequeued } from './words.js';

/** A member of a receipt that the code does not arrive at. */
export interface Difference {
  readonly member: string;
  readonly recorded: unknown;
  readonly replayed: unknown;
}

/**
 * Makes a recorded decision again, by the code that makes them, and tells what comes out otherwise: nothing for a receipt
 * that nobody changed. What was promised about the future is no decision and stands as it was recorded.
 */
export function replay(receipt: Receipt, strategy: PlacementStrategy): Difference[] {
  const again = { ...decideOrNothing(receipt, strategy), digest: digestOf(receipt) };
  return Object.entries(flat(again)).flatMap(([member, replayed]) => {
    // A decision that comes to nothing stands against the whole of what was chosen.
    const recorded = member === 'chosen' ? receipt.chosen : flat(receipt)[member];
    return canonicalJson(recorded) === canonicalJson(replayed) ? [] : [{ member, recorded, replayed }];
  });
}

/** Inputs that the code cannot read are no inputs of a decision that it made. */
function decideOrNothing(receipt: Receipt, strategy: PlacementStrategy): object {
  try {
    return decide(receipt, strategy);
  } catch {
    return { chosen: null };
  }
}

function decide(receipt: Receipt, strategy: PlacementStrategy): object {
  switch (receipt.kind) {
    case 'admission':
      return decideAdmission(receipt.inputs, receipt.candidates, receipt.pool_id);
    case 'dispatch':
      return decideDispatch(receipt.inputs, receipt.candidates, strategy) ?? { chosen: null };
    case 'eviction':
      return decideEviction(receipt.inputs, receipt.candidates);
    case 'requeue':
      return { why: whyRequeued(receipt.inputs) };
    case 'preemption':
      return decidePreemption(receipt.candidates);
  }
}

/** `chosen` member by member, because a receipt holds more of it than a decision. */
function flat(members: object): Record<string, unknown> {
  const { chosen, ...rest } = members as { readonly chosen?: object | null };
  const parts = Object.entries(chosen ?? {}).map(([name, value]) => [`chosen.${name}`, value] as const);
  return { ...rest, ...(parts.length === 0 ? { chosen } : Object.fromEntries(parts)) };
}
