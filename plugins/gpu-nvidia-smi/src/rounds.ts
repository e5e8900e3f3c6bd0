import { type GpuDevice, type GpuSample } from '@llama-orch/plugin-sdk';
import { type SmiLine } from './parse.js';

/** One turn over all GPUs that could be read. */
export interface Round {
  readonly samples: readonly GpuSample[];
  /** When its last line came. */
  readonly at: number;
}

/** Puts lines together to rounds. A GPU that tells nothing readable is missing in its round, and keeps its place. */
export class Rounds {
  private current: SmiLine[] = [];
  private currentAt = 0;
  private readonly places: (GpuDevice | undefined)[] = [];
  private latest: Round | undefined;

  get last(): Round | undefined {
    return this.latest;
  }

  /** @throws Error when a GPU between the first and the last was never readable */
  get devices(): readonly GpuDevice[] {
    return Array.from(this.places, (device, index) => {
      if (device !== undefined) return device;
      throw new Error(`nvidia-smi tells nothing readable of GPU ${index}; reset the card or reboot`);
    });
  }

  /** True when this line ended a round. */
  add(line: SmiLine, now: number): boolean {
    const previous = this.current.at(-1);
    // The list begins again: whoever is missing was not readable this time.
    const isNewRound = previous !== undefined && line.device.index <= previous.device.index;
    if (isNewRound) this.finish();
    this.current.push(line);
    this.currentAt = now;
    const isWhole = line.count !== undefined && line.device.index >= line.count - 1;
    if (isWhole) this.finish();
    return isNewRound || isWhole;
  }

  /** Forgets all readings, not the places: another process begins. */
  beginAnew(): void {
    this.current = [];
    this.latest = undefined;
  }

  private finish(): void {
    const lines = this.current;
    this.current = [];
    const count = lines.findLast((line) => line.count !== undefined)?.count ?? this.places.length;
    this.places.length = Math.max(count, ...lines.map(({ device }) => device.index + 1));
    for (const { device } of lines) this.places[device.index] = device;
    this.latest = { samples: lines.map(({ sample }) => sample), at: this.currentAt };
  }
}
