const LONGEST_LINE = 4_096;

/** Cuts a stream into lines, however it was split. A line longer than any reading is dropped, not kept. */
export class Lines {
  private rest = '';
  private isDropping = false;

  constructor(private readonly onLine: (line: string) => void) {}

  push(text: string): void {
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop() ?? '';
    for (const line of parts) {
      if (!this.isDropping && line.length <= LONGEST_LINE) this.onLine(line.trimEnd());
      this.isDropping = false;
    }
    if (this.rest.length <= LONGEST_LINE) return;
    this.rest = '';
    this.isDropping = true;
  }
}
