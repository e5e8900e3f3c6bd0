import { type CancelTimer, type Clock } from '../../../kernel/clock.js';
import { type Member } from './crew.js';

/** Why nobody served in time. */
export class NotServed extends Error {
  override readonly name = 'NotServed';
}

const CLOSED = 'The sandbox is closed.';
/** A stalled event loop sees the timer before the answer of the worker that would have served next. */
const GRACE_MS = 50;

interface Waiting {
  readonly begin: (member: Member) => void;
  readonly giveUp: (error: NotServed) => void;
  cancelTimer: CancelTimer;
}

/** Who waits for a worker, first come first served. Bounded in length and in time. */
export class WaitingLine {
  private readonly line: Waiting[] = [];
  private isClosed = false;

  constructor(
    private readonly most: number,
    private readonly clock: Clock,
  ) {}

  get length(): number {
    return this.line.length;
  }

  /** Rejects with {@link NotServed} when the line is full or the time is over. */
  wait(atMostMs: number): Promise<Member> {
    if (this.isClosed) return Promise.reject(new NotServed(CLOSED));
    if (this.line.length >= this.most)
      return Promise.reject(new NotServed('Too many calls wait for a sandbox worker.'));
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        begin: resolve,
        giveUp: reject,
        cancelTimer: this.clock.schedule(atMostMs, () => this.leaveSoon(waiting)),
      };
      this.line.push(waiting);
    });
  }

  serveNext(member: Member): void {
    const next = this.line.shift();
    next?.cancelTimer();
    next?.begin(member);
  }

  close(): void {
    this.isClosed = true;
    for (const { cancelTimer, giveUp } of this.line.splice(0)) {
      cancelTimer();
      giveUp(new NotServed(CLOSED));
    }
  }

  private leaveSoon(waiting: Waiting): void {
    waiting.cancelTimer = this.clock.schedule(GRACE_MS, () => this.leave(waiting));
  }

  private leave(waiting: Waiting): void {
    this.line.splice(this.line.indexOf(waiting), 1);
    waiting.giveUp(new NotServed('No sandbox worker was free in time.'));
  }
}
