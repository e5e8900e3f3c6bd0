import { EngineError, type GpuDevice, type GpuProbe, type GpuSample } from '@llama-orch/plugin-sdk';

export const GIB = 1024 ** 3;

/** A graphics card that exists in a test alone. It gives out what it has, and no more. */
export class FakeCard {
  readonly device: GpuDevice;
  /** In use by others, in bytes. */
  foreignBytes = 0;
  private readonly given = new Map<number, number>();

  constructor(index: number, name: string, gib: number) {
    this.device = { id: `GPU-${index}`, index, name, vramTotalBytes: gib * GIB };
  }

  get usedBytes(): number {
    return this.foreignBytes + this.ownBytes;
  }

  get ownBytes(): number {
    return [...this.given.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  get freeBytes(): number {
    return this.device.vramTotalBytes - this.usedBytes;
  }

  get processes(): NonNullable<GpuSample['processes']> {
    return [...this.given].map(([pid, vramUsedBytes]) => ({ pid, vramUsedBytes }));
  }

  /** @throws EngineError as an engine does whose allocation fails */
  allocate(pid: number, bytes: number): void {
    if (bytes > this.freeBytes)
      throw new EngineError('out-of-memory', `cudaMalloc failed on ${this.device.name}`, { memory: 'vram' });
    this.given.set(pid, (this.given.get(pid) ?? 0) + bytes);
  }

  free(pid: number): void {
    this.given.delete(pid);
  }

  /** Another program takes or gives memory; it gets no more than there is. */
  setForeign(bytes: number): void {
    this.foreignBytes = Math.max(0, Math.min(bytes, this.foreignBytes + this.freeBytes));
  }
}

export interface CardProbeOptions {
  /** The driver names processes. */
  readonly namesProcesses?: boolean;
  /** The driver only says which cards there are. */
  readonly isBlind?: boolean;
}

/** Looks at fake cards. */
export class CardProbe implements GpuProbe {
  /** Each call throws it, while it is there. */
  failure: Error | undefined;
  /** Further members of the samples, by place. */
  readonly faults: Partial<GpuSample>[] = [];

  constructor(
    public cards: readonly FakeCard[],
    private readonly options: CardProbeOptions = {},
  ) {}

  async inventory(): Promise<readonly GpuDevice[]> {
    if (this.failure !== undefined) throw this.failure;
    return this.cards.map(({ device }) => device);
  }

  async sample(): Promise<readonly GpuSample[]> {
    if (this.failure !== undefined) throw this.failure;
    if (this.options.isBlind === true) return [];
    return this.cards.map((card, place) => ({
      ...{ id: card.device.id, vramUsedBytes: card.usedBytes, utilizationPercent: 50, resets: 0, eccErrors: 0 },
      ...this.faults[place],
      ...(this.options.namesProcesses === true ? { processes: [...card.processes, FOREIGN(card)] } : {}),
    }));
  }

  async close(): Promise<void> {}
}

export const FOREIGN_PID = 1;
const FOREIGN = ({ foreignBytes }: FakeCard) => ({ pid: FOREIGN_PID, vramUsedBytes: foreignBytes });
