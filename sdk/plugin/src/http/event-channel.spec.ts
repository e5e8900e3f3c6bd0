import { EventChannel } from './event-channel.js';

function open(): { channel: EventChannel<number>; calls: string[] } {
  const calls: string[] = [];
  const channel = new EventChannel<number>({
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    cancel: () => void calls.push('cancel'),
  });
  return { channel, calls };
}

async function all(channel: EventChannel<number>): Promise<(readonly number[])[]> {
  const batches: (readonly number[])[] = [];
  for await (const batch of channel) batches.push(batch);
  return batches;
}

describe('EventChannel', () => {
  it('gives everything that one turn brought as one batch to a waiting consumer (ORCH-4507)', async () => {
    const { channel } = open();
    const first = channel.next();
    channel.push([1], 1);
    channel.push([2, 3], 1);
    expect(await first).toEqual({ done: false, value: [1, 2, 3] });
    const second = channel.next();
    channel.push([4], 1);
    channel.end();
    expect(await second).toEqual({ done: false, value: [4] });
    expect(await channel.next()).toEqual({ done: true, value: undefined });
  });

  it('keeps order and joins what waited for a busy consumer (ORCH-4507)', async () => {
    const { channel } = open();
    channel.push([1, 2], 1);
    channel.push([], 1);
    channel.push([3], 1);
    channel.end();
    expect(await all(channel)).toEqual([[1, 2, 3]]);
  });

  it('throws a failure behind what waits, once, and nothing follows (ORCH-4507)', async () => {
    const { channel } = open();
    channel.push([1], 1);
    channel.fail(new Error('broken'));
    channel.push([2], 1);
    expect(await channel.next()).toEqual({ done: false, value: [1] });
    await expect(channel.next()).rejects.toThrow('broken');
    expect((await channel.next()).done).toBe(true);
  });

  it('wakes a waiting consumer with a failure (ORCH-4507)', async () => {
    const { channel } = open();
    const waiting = channel.next();
    channel.fail(new Error('broken'));
    await expect(waiting).rejects.toThrow('broken');
  });

  it('gives nothing of what was dropped and waits for the end (ORCH-3026)', async () => {
    const { channel } = open();
    const waiting = channel.next();
    channel.push([1], 1);
    channel.drop();
    channel.push([2], 1);
    channel.end();
    expect((await waiting).done).toBe(true);
  });

  it('pauses its source at 128 KiB and resumes it when they are taken (ORCH-4507)', async () => {
    const { channel, calls } = open();
    channel.push([1], 127 * 1024);
    expect(calls).toEqual([]);
    channel.push([2], 1024);
    channel.push([3], 1024);
    expect(calls).toEqual(['pause']);
    expect((await channel.next()).value).toEqual([1, 2, 3]);
    expect(calls).toEqual(['pause', 'resume']);
  });

  it('cancels its source when the consumer leaves early, but not after the end (ORCH-3017)', async () => {
    const early = open();
    early.channel.push([1], 1);
    for await (const batch of early.channel) if (batch.length > 0) break;
    expect(early.calls).toEqual(['cancel']);
    const late = open();
    late.channel.push([1], 1);
    late.channel.end();
    await late.channel.return();
    expect(late.calls).toEqual([]);
  });

  it('refuses a second reader at the same time (ORCH-4507)', async () => {
    const { channel } = open();
    const first = channel.next();
    await expect(channel.next()).rejects.toThrow('one consumer');
    channel.end();
    await first;
  });
});
