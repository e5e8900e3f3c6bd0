import { skipSpace, skipString, skipValue } from './scan';

/**
 * Goes through a list or an object, from behind its opening bracket. Stops for good at its end, or where it is broken. A
 * value is stepped over only when the walk goes on, so that nobody pays for a body that lies behind what was sought.
 */
export class Walk {
  /** Where the name of the member begins, with its quote, and behind it; 0 in lists. */
  nameAt: usize = 0;
  nameEnd: usize = 0;
  /** Where the value begins; 0 before the first one. */
  start: usize = 0;

  constructor(
    private at: usize,
    private end: usize,
  ) {}

  /** To the next element; false when there is none. */
  toElement(): bool {
    return this.passComma() && this.toValue(this.at);
  }

  /** To the next member; false when there is none. */
  toMember(): bool {
    if (!this.passComma() || this.at >= this.end || load<u8>(this.at) != 0x22) return this.stop();
    const nameEnd = skipString(this.at, this.end);
    if (nameEnd == 0) return this.stop();
    const colon = skipSpace(nameEnd, this.end);
    if (colon >= this.end || load<u8>(colon) != 0x3a) return this.stop();
    this.nameAt = this.at;
    this.nameEnd = nameEnd;
    return this.toValue(skipSpace(colon + 1, this.end));
  }

  private toValue(start: usize): bool {
    if (start >= this.end || (load<u8>(start) | 0x20) == 0x7d) return this.stop();
    this.start = start;
    return true;
  }

  /** Over the value before, and to what follows its comma; the first value has neither. */
  private passComma(): bool {
    if (this.at == 0) return false;
    if (this.start == 0) {
      this.at = skipSpace(this.at, this.end);
      return true;
    }
    const behind = skipValue(this.start, this.end);
    const comma = behind == 0 ? this.end : skipSpace(behind, this.end);
    if (comma >= this.end || load<u8>(comma) != 0x2c) return this.stop();
    this.at = skipSpace(comma + 1, this.end);
    return true;
  }

  private stop(): bool {
    this.at = 0;
    return false;
  }
}
