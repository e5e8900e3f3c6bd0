export interface GateOutput {
  /** Text that can no longer become part of a stop string. */
  readonly text: string;
  /** The stop string that was met; nothing more may be emitted. */
  readonly stop?: string;
}

/** Lets text through up to the first stop string, and holds back what could still become one. */
export class TextGate {
  private held = '';

  constructor(private readonly stops: readonly string[]) {}

  push(text: string): GateOutput {
    if (this.stops.length === 0) return { text };
    this.held += text;
    const hit = firstHit(this.held, this.stops);
    if (hit) return { text: this.release(hit.at), stop: hit.stop };
    return { text: this.release(this.held.length - openEnd(this.held, this.stops)) };
  }

  /** What is still held when the answer ends without a stop string. */
  rest(): string {
    return this.release(this.held.length);
  }

  private release(length: number): string {
    const text = this.held.slice(0, length);
    this.held = this.held.slice(length);
    return text;
  }
}

function firstHit(text: string, stops: readonly string[]): { at: number; stop: string } | undefined {
  const hits = stops.map((stop) => ({ at: text.indexOf(stop), stop })).filter((hit) => hit.at >= 0);
  return hits.sort((a, b) => a.at - b.at)[0];
}

/** Length of the longest end of the text that begins a stop string. */
function openEnd(text: string, stops: readonly string[]): number {
  return Math.max(0, ...stops.map((stop) => openEndOf(text, stop)));
}

function openEndOf(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (stop.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
