import { type FileHandle, open } from 'node:fs/promises';
import { type LineBlock } from '../../audit/log-files.js';

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Lines from the byte `from` on, first to last. A file that is not there has none. */
export async function* linesForward(path: string, from = 0): AsyncGenerator<LineBlock> {
  const handle = await openIfThere(path);
  if (handle === undefined) return;
  try {
    let [carry, position]: [Buffer, number] = [Buffer.alloc(0), from];
    for (;;) {
      const block = await readAt(handle, position, BLOCK_BYTES);
      if (block.length === 0) break;
      position += block.length;
      const lines = splitLines(Buffer.concat([carry, block]));
      carry = lines.pop()!;
      if (lines.length > 0) yield { lines };
    }
    if (carry.length > 0) yield { lines: [], rest: carry };
  } finally {
    await handle.close();
  }
}

/** Lines that end before the byte `end`, last to first. */
export async function* linesBackward(path: string, end = Infinity): AsyncGenerator<LineBlock> {
  const handle = await openIfThere(path);
  if (handle === undefined) return;
  try {
    let position = Math.min(end, (await handle.stat()).size);
    let carry = Buffer.alloc(0);
    while (position > 0) {
      const from = Math.max(0, position - BLOCK_BYTES);
      const lines = splitLines(Buffer.concat([await readAt(handle, from, position - from), carry]));
      position = from;
      // Except at the start of the file, the first piece is the end of a line that begins further up.
      carry = from === 0 ? Buffer.alloc(0) : Buffer.from(lines.shift()!);
      const whole = lines.filter((line) => line.length > 0).reverse();
      if (whole.length > 0) yield { lines: whole };
    }
  } finally {
    await handle.close();
  }
}

/** Where the first line stands whose number is at least `seq`; lines are in the order of their numbers. */
export async function offsetOf(path: string, seq: number): Promise<number> {
  const handle = await openIfThere(path);
  if (handle === undefined) return 0;
  try {
    let [low, high] = [0, (await handle.stat()).size];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const line = await lineBehind(handle, middle, high);
      if (line === undefined) high = middle;
      else if ((seqOf(line.text) ?? Infinity) < seq) low = line.next;
      else high = middle;
    }
    return await startOfLine(handle, low);
  } finally {
    await handle.close();
  }
}

/** The number of a row or a record, from its text. */
export function seqOf(line: Buffer | string): number | undefined {
  const found = /"seq":(\d{1,15})[,}]/.exec(line.toString());
  return found === null ? undefined : Number(found[1]);
}

/** The first line that begins at or behind a byte and before another. */
async function lineBehind(handle: FileHandle, from: number, before: number) {
  const start = await startOfLine(handle, from);
  if (start >= before) return undefined;
  let text = Buffer.alloc(0);
  for (let position = start; ;) {
    const block = await readAt(handle, position, BLOCK_BYTES);
    const end = block.indexOf(NEWLINE);
    text = Buffer.concat([text, end === -1 ? block : block.subarray(0, end)]);
    if (end !== -1 || block.length === 0) return { text, next: start + text.length + 1 };
    position += block.length;
  }
}

/** `from` when a line begins there, else the place behind the next line break. */
async function startOfLine(handle: FileHandle, from: number): Promise<number> {
  if (from === 0) return 0;
  for (let position = from - 1; ;) {
    const block = await readAt(handle, position, BLOCK_BYTES);
    const end = block.indexOf(NEWLINE);
    if (end !== -1) return position + end + 1;
    if (block.length === 0) return position;
    position += block.length;
  }
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  lines.push(bytes.subarray(start));
  return lines;
}

async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, position);
  return buffer.subarray(0, bytesRead);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
