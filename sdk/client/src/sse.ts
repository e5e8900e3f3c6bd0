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

/** Frames of a task's stream. Comments and unknown events are passed over. */
export function readFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamFrame> {
  return readEvents(body, EVENTS);
}

/** Cuts a byte stream into events of these names, at whatever places the bytes were split. */
export async function* readEvents<Frame>(
  body: AsyncIterable<Uint8Array>,
  events: ReadonlySet<string>,
): AsyncGenerator<Frame> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const bytes of body) {
    pending += decoder.decode(bytes, { stream: true }).replaceAll('\r', '');
    const blocks = pending.split('\n\n');
    pending = blocks.pop() ?? '';
    for (const block of blocks) {
      const frame = parseFrame(block, events);
      if (frame !== undefined) yield frame as Frame;
    }
  }
}

function parseFrame(block: string, events: ReadonlySet<string>): unknown {
  const fields = new Map(block.split('\n').map(splitLine));
  const event = fields.get('event');
  const data = fields.get('data');
  if (event === undefined || data === undefined || !events.has(event)) return undefined;
  return { id: Number(fields.get('id')), event, data: JSON.parse(data) as unknown };
}

function splitLine(line: string): [field: string, value: string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}
