import fc from 'fast-check';
import { readFrames } from './sse.js';
import { type StreamFrame } from './types.js';

const TEXT = [
  ':\n\n',
  'id: 1\nevent: started\ndata: {"queue_position":0,"predicted_start_ms":0}\n\n',
  'id: 2\nevent: token\ndata: {"t":"héllo 🐸","i":0}\n\n',
  'id: 3\nevent: colour\ndata: {"of":"the future"}\n\n',
  'id: 4\nevent: end\ndata: {"tokens_out":1,"decode_ms":3}\n\n',
].join('');
const BYTES = new TextEncoder().encode(TEXT);

async function read(chunks: readonly Uint8Array[]): Promise<StreamFrame[]> {
  const body = (async function* () {
    yield* chunks;
  })();
  const frames: StreamFrame[] = [];
  for await (const frame of readFrames(body)) frames.push(frame);
  return frames;
}

describe('readFrames', () => {
  it('passes over comments and unknown events (ORCH-4204, OC-CTRL-2022)', async () => {
    const frames = await read([BYTES]);
    expect(frames.map(({ id, event }) => [id, event])).toEqual([
      [1, 'started'],
      [2, 'token'],
      [4, 'end'],
    ]);
  });

  it('gives the same frames wherever the bytes are split (ORCH-4202, OC-CTRL-2022)', async () => {
    const whole = await read([BYTES]);
    const cuts = fc.array(fc.nat({ max: BYTES.length }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const at = [0, ...places.sort((a, b) => a - b), BYTES.length];
        const chunks = at.slice(1).map((end, index) => BYTES.subarray(at[index], end));
        expect(await read(chunks)).toEqual(whole);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('leaves out a frame whose end has not arrived (ORCH-4202)', async () => {
    expect(await read([BYTES.subarray(0, BYTES.length - 1)])).toHaveLength(2);
  });
});
