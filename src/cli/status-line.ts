import { type Sink } from './io.js';
import { printable } from './text.js';

/** One line on a terminal that is rewritten in place. Writes nothing where the output is no terminal. */
export class StatusLine {
  private isShown = false;

  constructor(private readonly sink: Sink) {}

  show(text: string): void {
    if (!this.sink.isTty) return;
    this.sink.write(`\r\u001b[2K${printable(text)}`);
    this.isShown = true;
  }

  clear(): void {
    if (!this.isShown) return;
    this.sink.write('\r\u001b[2K');
    this.isShown = false;
  }
}
