const KEPT = 200;

/** What helps, by what a message of the driver says. */
const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/version mismatch/i, 'reboot, or reload the kernel module of the driver'],
  [/lost|device handle|reset required/i, 'reset the card or reboot'],
  [/unknown error|no devices were found/i, 'in a container, check that it still has its GPUs'],
  [/communicate with the NVIDIA driver/i, 'load the kernel module of the driver'],
];

/** The end of what was said that was no reading: what an operator has to know when it all ends. */
export class LastWords {
  private words = '';

  hear(text: string): void {
    // Control characters would let a broken program write into a terminal or a log.
    const line = text.replaceAll(/[\p{Cc}\uFFFD]+/gu, ' ').trim();
    if (line === '' || this.words.endsWith(line)) return;
    this.words = `${this.words} ${line}`.trim().slice(-KEPT);
  }

  forget(): void {
    this.words = '';
  }

  /** Such as `: Failed to initialize NVML; reboot`; empty when nothing was said. */
  get suffix(): string {
    if (this.words === '') return '';
    const advice = ADVICE.find(([pattern]) => pattern.test(this.words))?.[1];
    return `: ${this.words}${advice === undefined ? '' : `; ${advice}`}`;
  }
}
