import { type Finding } from '../abi.js';

/** Sensitive things that the host found. Classes: `secret.aws_key`, `email`, …; `secret.*` is all of a family. */
export class FindingsView {
  constructor(readonly list: readonly Finding[]) {}

  /** At least one of this class, or family of classes. */
  any(pattern: string): boolean {
    return this.of(pattern).length > 0;
  }

  /** Those of this class, or family of classes. */
  of(pattern: string): readonly Finding[] {
    if (pattern === '*') return this.list;
    if (!pattern.endsWith('.*')) return this.list.filter((finding) => finding.class === pattern);
    return this.list.filter((finding) => finding.class.startsWith(pattern.slice(0, -1)));
  }
}
