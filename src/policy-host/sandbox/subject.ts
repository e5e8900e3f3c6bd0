import { type PatchOp, type PolicyEvent } from '@llama-orch/policy-sdk/abi';
import { applyPatches } from './patch/patches.js';

/** An event as text, without its settings: each policy gets its own put in. */
export function textOfEvent(event: PolicyEvent): string {
  return JSON.stringify({ ...event, config: undefined });
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
    return (this.parsed ??= { ...(JSON.parse(this.text) as PolicyEvent), config: {} });
  }

  /** The event with these settings, the last of its members. */
  inputWith(configText: string): string {
    return `${this.text.slice(0, -1)},"config":${configText}}`;
  }

  /** @throws RefusedPatch when one cannot be carried out */
  patched(patches: readonly PatchOp[]): Subject {
    const { event, bodies, body } = applyPatches(this, patches);
    return new Subject(textOfEvent(event), bodies, body);
  }
}
