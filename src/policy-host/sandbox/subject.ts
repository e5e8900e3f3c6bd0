import { type PatchOp, type PolicyEvent } from '@llama-orch/policy-sdk/abi';
import { applyPatches } from './patch/patches.js';

/** What each policy gets put into the event for itself. */
export interface SeatMembers {
  readonly mode: PolicyEvent['mode'];
  /** JSON of its settings. */
  readonly configText: string;
}

/** An event as text, without what each policy gets put in for itself. */
export function textOfEvent(event: PolicyEvent): string {
  return JSON.stringify({ ...event, mode: undefined, config: undefined });
}

/** What a chain decides about, as patched so far. It is parsed only when somebody looks into it. */
export class Subject {
  private parsed: PolicyEvent | undefined;

  constructor(
    readonly text: string,
    readonly bodies: ReadonlyMap<number, Uint8Array>,
    /** The body that a patch wrote. */
    readonly body: Uint8Array | undefined = undefined,
  ) {}

  get event(): PolicyEvent {
    return (this.parsed ??= { ...(JSON.parse(this.text) as PolicyEvent), mode: 'enforce', config: {} });
  }

  /** The event for one policy: mode and settings are the last of its members. */
  inputWith({ mode, configText }: SeatMembers): string {
    return `${this.text.slice(0, -1)},"mode":"${mode}","config":${configText}}`;
  }

  /** @throws RefusedPatch when one cannot be carried out */
  patched(patches: readonly PatchOp[]): Subject {
    const { event, bodies, body } = applyPatches(this, patches);
    return new Subject(textOfEvent(event), bodies, body);
  }
}
