/** Writes JSON from left to right; commas and quotes are its business. */
export class JsonWriter {
  private parts: string[] = [];
  private needsComma: bool = false;

  beginObject(): JsonWriter {
    return this.open('{');
  }

  endObject(): JsonWriter {
    return this.close('}');
  }

  beginList(): JsonWriter {
    return this.open('[');
  }

  endList(): JsonWriter {
    return this.close(']');
  }

  /** Name of the member whose value comes next. */
  name(name: string): JsonWriter {
    this.text(name);
    this.parts.push(':');
    this.needsComma = false;
    return this;
  }

  text(value: string): JsonWriter {
    return this.raw('"' + escaped(value) + '"');
  }

  /** Not a number and infinity are null, as in JavaScript. */
  number(value: f64): JsonWriter {
    if (!isFinite(value)) return this.raw('null');
    const text = value.toString();
    return this.raw(text.endsWith('.0') ? text.slice(0, -2) : text);
  }

  bool(value: bool): JsonWriter {
    return this.raw(value ? 'true' : 'false');
  }

  null(): JsonWriter {
    return this.raw('null');
  }

  /** A value that is JSON already. */
  raw(json: string): JsonWriter {
    if (this.needsComma) this.parts.push(',');
    this.parts.push(json);
    this.needsComma = true;
    return this;
  }

  toString(): string {
    return this.parts.join('');
  }

  private open(bracket: string): JsonWriter {
    this.raw(bracket);
    this.needsComma = false;
    return this;
  }

  private close(bracket: string): JsonWriter {
    this.parts.push(bracket);
    this.needsComma = true;
    return this;
  }
}

/** The text inside quotes. Halves of a surrogate pair are escaped: UTF-8 has no form for them. */
function escaped(text: string): string {
  let from = 0;
  const parts: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const escape = escapeOf(text, at);
    if (escape.length == 0) continue;
    parts.push(text.substring(from, at));
    parts.push(escape);
    from = at + 1;
  }
  if (from == 0) return text;
  parts.push(text.substring(from));
  return parts.join('');
}

function escapeOf(text: string, at: i32): string {
  const unit = text.charCodeAt(at);
  if (unit == 0x22) return '\\"';
  if (unit == 0x5c) return '\\\\';
  return unit < 0x20 || isHalf(text, at) ? '\\u' + unit.toString(16).padStart(4, '0') : '';
}

function isHalf(text: string, at: i32): bool {
  const unit = text.charCodeAt(at);
  if ((unit & 0xf800) != 0xd800) return false;
  const isHigh = (unit & 0xfc00) == 0xd800;
  const other = isHigh ? at + 1 : at - 1;
  if (other < 0 || other >= text.length) return true;
  return (text.charCodeAt(other) & 0xfc00) != (isHigh ? 0xdc00 : 0xd800);
}
