import { EventEmitter } from 'node:events';
import { type ServerResponse } from 'node:http';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { type ToolFrame } from '../tools/tool-frames.js';
import { sendFrames } from './tool-stream.js';

const PATIENCE_MS = 1_000;

/** A reader whose buffer is full after each frame. */
class FullResponse extends EventEmitter {
  readonly written: string[] = [];
  destroyed = false;
  ended = false;
  writeHead(): void {}
  write(text: string): boolean {
    this.written.push(text);
    return false;
  }
  end(): void {
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function sending(count: number, failure?: Error) {
  const [clock, response] = [new FakeClock(), new FullResponse()];
  const state = { made: 0, left: false };
  async function* frames(): AsyncGenerator<ToolFrame> {
    try {
      for (; state.made < count; state.made++) yield { event: 'chunk', data: { text: `${state.made}` } };
      if (failure !== undefined) throw failure;
    } finally {
      state.left = true;
    }
  }
  const ports = { clock, patienceMs: PATIENCE_MS };
  const sent = sendFrames(frames(), response as unknown as ServerResponse, {}, ports);
  return { clock, response, state, sent };
}

describe('frames of a tool call (ORCH-4705)', () => {
  it('are made as they are read, and no sooner', async () => {
    const { clock, response, state, sent } = sending(2);
    await settle();
    expect([response.written, state.made]).toEqual([['id: 1\nevent: chunk\ndata: {"text":"0"}\n\n'], 0]);
    response.emit('drain');
    await settle();
    expect([response.written.length, state.made]).toEqual([2, 1]);
    response.emit('drain');
    await sent;
    expect([response.ended, response.destroyed, clock.pending]).toEqual([true, false, 0]);
  });

  it('end with a reader who takes nothing for too long', async () => {
    const { clock, response, state, sent } = sending(5);
    await settle();
    clock.leap(PATIENCE_MS - 1);
    expect(response.destroyed).toBe(false);
    clock.leap(1);
    await sent;
    expect([response.destroyed, response.ended, state.left, clock.pending]).toEqual([true, false, true, 0]);
  });

  it('end with a reader who leaves, and leave nothing behind', async () => {
    const { clock, response, state, sent } = sending(5);
    await settle();
    response.destroy();
    await sent;
    expect([state.left, clock.pending, response.listenerCount('drain')]).toEqual([true, 0, 0]);
  });

  it('are cut, not ended, when their source fails', async () => {
    const { response, sent } = sending(0, new Error('gone'));
    await sent;
    expect([response.destroyed, response.ended]).toEqual([true, false]);
  });
});
