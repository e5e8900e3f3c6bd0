import { type StreamEvents, type StreamFrame } from './types.js';

const EVENTS: ReadonlySet<string> = new Set([
  'started',
  'token',
  'metrics',
  'end',
  'error',
  'queued',
] satisfies (keyof StreamEvents)[]);

/** Whether a frame closes its stream. */
export function isTerminal(frame: StreamFrame): boolean {
  return frame.event === 'end' || frame.event === 'error';
}

/** Cuts a byte stream into frames, at whatever places the bytes were split. Comments and unknown events are passed over. */
export async function* readFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamFrame> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const bytes of body) {
    pending += decoder.decode(bytes, { stream: true }).replaceAll('\r', '');
    const blocks = pending.split('\n\n');
    pending = blocks.pop() ?? '';
    for (const block of blocks) {
      const frame = parseFrame(block);
      if (frame !== undefined) yield frame;
    }
  }
}

function parseFrame(block: string): StreamFrame | undefined {
  const fields = new Map(block.split('\n').map(splitLine));
  const event = fields.get('event');
  const data = fields.get('data');
  if (event === undefined || data === undefined || !EVENTS.has(event)) return undefined;
  return { id: Number(fields.get('id')), event, data: JSON.parse(data) as unknown } as StreamFrame;
}

function splitLine(line: string): [field: string, value: string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}
