import { parseNumber } from './number';
import { isNumber, isWord, skipSpace, skipString, skipValue } from './scan';
import { decodeText, isText } from './text';
import { Walk } from './walk';

export enum JsonType {
  /** Not there, or broken text where it should be. */
  Missing,
  Null,
  Bool,
  Number,
  Text,
  List,
  Object,
}

/**
 * One value inside JSON text, found when it is asked for; nothing is parsed ahead. What is not there, has another type or
 * is broken reads as the fallback, so that no text ends the call.
 */
export class Json {
  /** Addresses: where the value begins; the end of the whole text; the name before the value, or 0. */
  constructor(
    private start: usize,
    private end: usize,
    private nameAt: usize,
  ) {}

  static missing(): Json {
    return new Json(0, 0, 0);
  }

  /** Keeps the bytes in place; they must not change while their values are read. */
  static ofBytes(bytes: Uint8Array): Json {
    const end = bytes.dataStart + bytes.length;
    const start = skipSpace(bytes.dataStart, end);
    return start < end ? new Json(start, end, 0) : Json.missing();
  }

  static parse(text: string): Json {
    return Json.ofBytes(Uint8Array.wrap(String.UTF8.encode(text)));
  }

  get type(): JsonType {
    if (this.start == 0) return JsonType.Missing;
    const byte = load<u8>(this.start);
    if (byte == 0x7b) return JsonType.Object;
    if (byte == 0x5b) return JsonType.List;
    const behind = this.behind;
    if (behind == 0) return JsonType.Missing;
    if (byte == 0x22) return JsonType.Text;
    if (isWord(this.start, behind, 'null')) return JsonType.Null;
    if (isWord(this.start, behind, 'true') || isWord(this.start, behind, 'false')) return JsonType.Bool;
    return isNumber(this.start, behind) ? JsonType.Number : JsonType.Missing;
  }

  /** True for every value but null and what is not there. */
  get exists(): bool {
    return this.type > JsonType.Null;
  }

  /** The member of this name; of two the first. The host writes no name twice. */
  get(name: string): Json {
    if (this.type != JsonType.Object) return Json.missing();
    const walk = new Walk(this.start + 1, this.end);
    while (walk.toMember())
      if (isText(walk.nameAt + 1, walk.nameEnd - 1, name)) return new Json(walk.start, this.end, walk.nameAt);
    return Json.missing();
  }

  /** The element at this index of a list. */
  at(index: i32): Json {
    if (this.type != JsonType.List || index < 0) return Json.missing();
    const walk = new Walk(this.start + 1, this.end);
    while (walk.toElement()) if (index-- == 0) return new Json(walk.start, this.end, 0);
    return Json.missing();
  }

  /** The value that a JSON Pointer (`/request/url/host`) names. */
  pointer(path: string): Json {
    let value: Json = this;
    const steps = path.split('/');
    for (let index = 1; index < steps.length; index++) {
      const step = steps[index].replaceAll('~1', '/').replaceAll('~0', '~');
      value = value.type == JsonType.List ? value.at(indexOf(step)) : value.get(step);
    }
    return value;
  }

  /** Elements of a list, or values of the members of an object, whose `name` then says which. */
  items(): Json[] {
    const found: Json[] = [];
    const type = this.type;
    if (type != JsonType.List && type != JsonType.Object) return found;
    const walk = new Walk(this.start + 1, this.end);
    while (type == JsonType.List ? walk.toElement() : walk.toMember())
      found.push(new Json(walk.start, this.end, walk.nameAt));
    return found;
  }

  /** Name of a member. */
  get name(): string {
    return this.nameAt == 0 ? '' : decodeText(this.nameAt + 1, skipString(this.nameAt, this.end) - 1);
  }

  text(fallback: string = ''): string {
    return this.type == JsonType.Text ? decodeText(this.start + 1, this.behind - 1) : fallback;
  }

  /** True when it is this text; cheaper than comparing `text()`. */
  is(text: string): bool {
    return this.type == JsonType.Text && isText(this.start + 1, this.behind - 1, text);
  }

  number(fallback: f64 = 0): f64 {
    return this.type == JsonType.Number ? parseNumber(this.start, this.behind) : fallback;
  }

  /** A number without its fraction; one that a double does not hold exactly is the fallback. */
  integer(fallback: i64 = 0): i64 {
    const number = Math.trunc(this.number(NaN));
    return Math.abs(number) <= <f64>9007199254740991 ? <i64>number : fallback;
  }

  bool(fallback: bool = false): bool {
    return this.type == JsonType.Bool ? load<u8>(this.start) == 0x74 : fallback;
  }

  /** Elements of a list that are texts. */
  texts(): string[] {
    const found: string[] = [];
    if (this.type != JsonType.List) return found;
    const walk = new Walk(this.start + 1, this.end);
    while (walk.toElement()) if (load<u8>(walk.start) == 0x22) found.push(new Json(walk.start, this.end, 0).text());
    return found;
  }

  /** The value as it is written. */
  raw(): string {
    const behind = this.behind;
    return behind == 0 ? '' : String.UTF8.decodeUnsafe(this.start, behind - this.start);
  }

  /** Address behind the value; 0 where it is broken or missing. */
  private get behind(): usize {
    return this.start == 0 ? 0 : skipValue(this.start, this.end);
  }
}

/** Index that a step of a pointer names; -1 for what is none. */
function indexOf(step: string): i32 {
  if (step.length == 0 || step.length > 9 || (step.length > 1 && step.charCodeAt(0) == 0x30)) return -1;
  for (let at = 0; at < step.length; at++) if (step.charCodeAt(at) < 0x30 || step.charCodeAt(at) > 0x39) return -1;
  return I32.parseInt(step);
}
