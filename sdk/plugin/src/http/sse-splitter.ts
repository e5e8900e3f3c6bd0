import { isUtf8 } from 'node:buffer';

/** Which field carried the payload. Old llama-servers write failures under `error:`. */
export type SseField = 'data' | 'error';

/** Takes the payload of one event; `name` is that of its `event:` line. */
export type SseSink = (payload: string, field: SseField, name: string | undefined) => void;

/** The stream is no well-formed event stream. */
export class SseError extends Error {
  override readonly name = 'SseError';
}

const MAX_LINE_BYTES = 1024 * 1024;
const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
/** The first bytes of `data` and `error` tell the fields of interest apart. */
const D = 0x64;
const E = 0x65;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const REPLACEMENT = '\ufffd';

/**
 * Cuts bytes into events of a `text/event-stream`, however the network split them.
 *
 * Understands LF and CRLF, comments, a leading byte order mark, several `data:` lines in one event and the field
 * `error:`. Lines are found by byte scan and decoded whole, so half a character never becomes text.
 */
export class SseSplitter {
  /** Parts of a line whose end has not come, oldest first. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #atStart = true;
  #payload: string | undefined;
  #field: SseField = 'data';
  #name: string | undefined;

  constructor(private readonly sink: SseSink) {}

  /** An event has begun whose end has not come. */
  get isInside(): boolean {
    return this.#partBytes > 0 || this.#payload !== undefined;
  }

  /**
   * Hands every event that `chunk` completes to the sink.
   * @throws SseError for a line over 1 MiB or bytes that are not UTF-8
   */
  push(chunk: Buffer): void {
    let start = 0;
    let end = chunk.indexOf(LF);
    if (end !== -1 && this.#partBytes > 0) {
      const line = this.#joinLine(chunk.subarray(0, end));
      this.#line(line, 0, line.length);
      start = end + 1;
      end = chunk.indexOf(LF, start);
    }
    while (end !== -1) {
      this.#line(chunk, start, end);
      start = end + 1;
      end = chunk.indexOf(LF, start);
    }
    if (start < chunk.length) this.#keep(start === 0 ? chunk : chunk.subarray(start));
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    refuseLong(this.#partBytes);
    this.#parts.push(part);
  }

  #joinLine(tail: Buffer): Buffer {
    refuseLong(this.#partBytes + tail.length);
    this.#parts.push(tail);
    const line = Buffer.concat(this.#parts, this.#partBytes + tail.length);
    this.#parts = [];
    this.#partBytes = 0;
    return line;
  }

  #line(bytes: Buffer, lineStart: number, lineEnd: number): void {
    refuseLong(lineEnd - lineStart);
    const start = this.#atStart ? this.#skipMark(bytes, lineStart, lineEnd) : lineStart;
    const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    if (start === end) return this.#dispatch();
    const first = bytes[start];
    if (first === D && isField(bytes, start, end, 'data')) this.#append('data', bytes, start + 4, end);
    else if (first === E && isField(bytes, start, end, 'error')) this.#append('error', bytes, start + 5, end);
    else if (first === E && isField(bytes, start, end, 'event')) this.#name = value(bytes, start + 5, end);
  }

  #skipMark(bytes: Buffer, start: number, end: number): number {
    this.#atStart = false;
    return end - start >= 3 && bytes.compare(BOM, 0, 3, start, start + 3) === 0 ? start + 3 : start;
  }

  #append(field: SseField, bytes: Buffer, start: number, end: number): void {
    const text = value(bytes, start, end);
    this.#payload = this.#payload === undefined ? text : `${this.#payload}\n${text}`;
    this.#field = field;
  }

  #dispatch(): void {
    const payload = this.#payload;
    const name = this.#name;
    this.#payload = undefined;
    this.#name = undefined;
    if (payload !== undefined) this.sink(payload, this.#field, name);
  }
}

function isField(bytes: Buffer, start: number, end: number, name: 'data' | 'error' | 'event'): boolean {
  const length = name.length;
  if (end - start < length) return false;
  for (let index = 1; index < length; index += 1) {
    if (bytes[start + index] !== name.charCodeAt(index)) return false;
  }
  return end - start === length || bytes[start + length] === COLON;
}

/** The text behind the colon at `start`, without the one space that may follow it. */
function value(bytes: Buffer, start: number, end: number): string {
  if (start >= end) return '';
  const from = bytes[start + 1] === SPACE ? start + 2 : start + 1;
  const text = bytes.toString('utf8', from, end);
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(from, end))) {
    throw new SseError('The engine sent an event that is not valid UTF-8.');
  }
  return text;
}

function refuseLong(bytes: number): void {
  if (bytes > MAX_LINE_BYTES) throw new SseError('The engine sent a line longer than 1 MiB.');
}
