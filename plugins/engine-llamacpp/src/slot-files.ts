import { EngineError, isEngineError, type SlotState, type SlotTokens } from '@llama-orch/plugin-sdk';
import { type LlamaServer } from './llama-server.js';

const NAME = /^[a-z0-9-]{1,64}$/;
/** A name that the server refuses, so that the question changes nothing. */
const FORBIDDEN_NAME = '../none';
const PROBE_TIMEOUT_MS = 1_000;
/** The KV cache of a long context is gigabytes, and the slot may have to be waited for. */
const FILE_TIMEOUT_MS = 120_000;

/** Slots kept as files, in the folder that `--slot-save-path` names. */
export class SlotFiles {
  constructor(private readonly server: LlamaServer) {}

  /** Whether the server has a folder for them: one without says so before it looks at the name. */
  async areOffered(signal: AbortSignal): Promise<boolean> {
    try {
      await this.server.slotAction(0, 'restore', FORBIDDEN_NAME, { signal, timeoutMs: PROBE_TIMEOUT_MS });
      return false;
    } catch (error) {
      if (!isEngineError(error)) throw error;
      return error.reason === 'refused' && /filename/i.test(error.message);
    }
  }

  /**
   * Waits until the slot is free.
   * @param slots how many the server has
   * @throws EngineError `invalid-input` for a slot or name that cannot be
   */
  async save({ slot, name }: SlotState, slots: number, signal: AbortSignal): Promise<SlotTokens> {
    demandState(slot, name, slots);
    const { n_saved } = await this.server.slotAction(slot, 'save', fileOf(name), {
      signal,
      timeoutMs: FILE_TIMEOUT_MS,
    });
    return tokensOf(n_saved);
  }

  /** @throws EngineError as `save` does, and `slot_not_restored` when nothing fitting was kept under the name */
  async restore({ slot, name }: SlotState, slots: number, signal: AbortSignal): Promise<SlotTokens> {
    demandState(slot, name, slots);
    try {
      const { n_restored } = await this.server.slotAction(slot, 'restore', fileOf(name), {
        signal,
        timeoutMs: FILE_TIMEOUT_MS,
      });
      return tokensOf(n_restored);
    } catch (error) {
      if (!isEngineError(error) || error.reason !== 'refused') throw error;
      const message = `The engine could not restore slot ${slot}: nothing that fits it is kept under this name.`;
      throw new EngineError('invalid-input', message, { reason: 'slot_not_restored', cause: error });
    }
  }
}

/** The server takes any number for a slot, and erased one for number 77 of 2. */
function demandState(slot: number, name: string, slots: number): void {
  if (Number.isInteger(slot) && slot >= 0 && slot < slots && NAME.test(name)) return;
  const message = `Slot ${slot} cannot be kept: the engine has slots 0 to ${slots - 1}, and names are lower case letters, digits and hyphens.`;
  throw new EngineError('invalid-input', message, { reason: 'refused' });
}

function fileOf(name: string): string {
  return `${name}.kv`;
}

function tokensOf(count: unknown): SlotTokens {
  if (typeof count === 'number') return { tokens: count };
  throw new EngineError('adapter', 'The engine does not say how many tokens of the slot it kept or brought back.', {
    reason: 'bad_reply',
  });
}
