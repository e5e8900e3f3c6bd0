/** Content framed as one HTTP chunk. */
export function chunk(content: string | Buffer): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** The content of whole HTTP chunks. */
export function unframed(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const head = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, head), 16);
    parts.push(bytes.subarray(head + 2, head + 2 + size));
    at = head + 4 + size;
  }
  return Buffer.concat(parts);
}

/** An event of a `text/event-stream` that holds JSON. */
export function dataFrame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
