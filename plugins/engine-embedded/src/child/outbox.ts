import { type RunnerFrame } from '../protocol.js';

/** Hands one message to the daemon and calls back when the pipe has taken it. */
export type Send = (frames: readonly RunnerFrame[], taken: () => void) => void;

/**
 * Frames on their way to the daemon: one message at a time, each with everything that gathered since the last. A slow
 * daemon leaves the message in the pipe, `full` turns true, and decoding waits.
 */
export class Outbox {
  private frames: RunnerFrame[] = [];
  private sending = false;
  private scheduled = false;
  private waiting: (() => void)[] = [];

  constructor(
    private readonly send: Send,
    private readonly room = 256,
  ) {}

  /** A message is still in the pipe. */
  get busy(): boolean {
    return this.sending;
  }

  get full(): boolean {
    return this.frames.length >= this.room;
  }

  push(frame: RunnerFrame): void {
    this.frames.push(frame);
    if (this.sending || this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.flush());
  }

  /** Resolves when there is room again. */
  async drained(): Promise<void> {
    while (this.full) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Resolves when every frame so far has left. */
  async flushed(): Promise<void> {
    while (this.sending || this.frames.length > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private flush(): void {
    this.scheduled = false;
    if (this.frames.length === 0) return;
    const frames = this.frames;
    this.frames = [];
    this.sending = true;
    this.send(frames, () => {
      this.sending = false;
      this.flush();
      this.waiting.splice(0).forEach((resolve) => resolve());
    });
  }
}
