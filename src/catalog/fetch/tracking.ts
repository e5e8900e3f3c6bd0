import { type Clock } from '../../kernel/clock.js';
import { type FetchProgress, type FetchState } from './fetch-progress.js';
import { type Meter } from './meter.js';

export type Listen = (progress: FetchProgress) => void;

const TELL_MS = 250;
/** Nothing that comes is told too: whether a fetch is stalled changes by itself. */
const LOOK_MS = 1_000;
const ENDED: readonly FetchState[] = ['done', 'failed', 'cancelled'];

interface TrackedFile {
  readonly sizeBytes: number | undefined;
  readonly meter: Meter;
  isDone: boolean;
}

/** Where one fetch is, and who wants to know. */
export class Tracking {
  private readonly listeners = new Set<Listen>();
  private files: readonly TrackedFile[] = [];
  private state: FetchState = 'waiting';
  private digest: string | null = null;
  private error: string | null = null;
  private mostBytes = 0;
  private cancelLook: (() => void) | undefined;

  constructor(
    readonly id: string,
    readonly ref: string,
    private readonly clock: Clock,
  ) {}

  get isOver(): boolean {
    return ENDED.includes(this.state);
  }

  /** @param digest once it is known */
  enter(state: FetchState, digest?: string): void {
    this.state = state;
    this.digest = digest ?? this.digest;
    this.tell();
  }

  /** A fetch that is begun again goes on counting from where it was. */
  begin(): void {
    this.error = null;
    this.files = [];
    this.enter('resolving');
  }

  fetching(files: readonly { readonly sizeBytes: number | undefined; readonly meter: Meter }[]): void {
    this.files = files.map((file) => ({ ...file, isDone: false }));
    this.enter('fetching');
  }

  fileIsDone(at: number): void {
    const file = this.files[at];
    if (file !== undefined) file.isDone = true;
    this.tell();
  }

  fail(state: 'failed' | 'cancelled', error: string): void {
    this.error = error;
    this.enter(state);
  }

  follow(listen: Listen): () => void {
    listen(this.progress);
    if (this.isOver) return () => undefined;
    this.listeners.add(listen);
    if (this.listeners.size === 1) this.lookAgain(TELL_MS);
    return () => {
      this.listeners.delete(listen);
      if (this.listeners.size === 0) this.cancelLook?.();
    };
  }

  get progress(): FetchProgress {
    const { id, ref, state, digest, error } = this;
    const total = this.total();
    const bytes = this.bytes();
    const speed = state === 'fetching' ? this.sum(({ meter }) => meter.bytesPerS) : 0;
    const stalled = state === 'fetching' && this.isStalled();
    const isUnknown = total === null || speed === 0 || stalled;
    return {
      ...{ id, ref, state, bytes, total, bytes_per_s: speed, stalled, digest, error },
      percent: state === 'done' ? 100 : percentOf(bytes, total),
      eta_ms: isUnknown ? null : Math.round(((total - bytes) * 1_000) / speed),
      files: this.files.length,
      files_done: this.files.filter(({ isDone }) => isDone).length,
    };
  }

  private isStalled(): boolean {
    const running = this.files.filter(({ isDone }) => !isDone);
    return running.length > 0 && running.every(({ meter }) => meter.isStalled);
  }

  private bytes(): number {
    this.mostBytes = Math.max(
      this.mostBytes,
      this.sum(({ meter }) => meter.bytes),
    );
    return this.mostBytes;
  }

  private total(): number | null {
    const sizes = this.files.map(({ sizeBytes, isDone, meter }) => sizeBytes ?? (isDone ? meter.bytes : undefined));
    if (sizes.length === 0 || sizes.includes(undefined)) return null;
    return Math.max(
      this.mostBytes,
      sizes.reduce((sum: number, size) => sum + (size ?? 0), 0),
    );
  }

  private sum(of: (file: TrackedFile) => number): number {
    return this.files.reduce((total, file) => total + of(file), 0);
  }

  private lookAgain(ms: number): void {
    this.cancelLook = this.clock.schedule(ms, () => {
      this.tell();
      if (this.listeners.size > 0) this.lookAgain(this.isStalled() ? LOOK_MS : TELL_MS);
    });
  }

  private tell(): void {
    const { progress } = this;
    for (const listen of this.listeners) listen(progress);
    if (!this.isOver) return;
    this.listeners.clear();
    this.cancelLook?.();
  }
}

/** Whole only when all of it is here. */
function percentOf(bytes: number, total: number | null): number | null {
  if (total === null || total === 0) return null;
  return Math.min(99.9, Math.floor((bytes * 1_000) / total) / 10);
}
