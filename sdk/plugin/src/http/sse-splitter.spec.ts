import { SseError, SseSplitter } from './sse-splitter.js';

type Frame = readonly [payload: string, field: string, name: string | undefined];

function split(...chunks: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const splitter = new SseSplitter((...frame) => frames.push(frame));
  for (const chunk of chunks) splitter.push(chunk);
  return frames;
}

const MIXED = Buffer.from(
  '\ufeffdata: {"a":"🦙"}\n\n' +
    ': a comment\r\n\r\n' +
    'event: delta\r\ndata:no space\r\nid: 7\r\nretry: 10\r\n\r\n' +
    'data: one\ndata:  two\ndata\n\n' +
    'error: {"code":500}\n\n' +
    ':\n\ndatabase: no field of ours\nerrors: neither\n\n' +
    'data: é\n\n' +
    'data: never finished',
);
const FRAMES: Frame[] = [
  ['{"a":"🦙"}', 'data', undefined],
  ['no space', 'data', 'delta'],
  ['one\n two\n', 'data', undefined],
  ['{"code":500}', 'error', undefined],
  ['é', 'data', undefined],
];

describe('SseSplitter', () => {
  it('reads comments, CRLF, a byte order mark, several data lines and error fields (OC-ADAPT-5010)', () => {
    expect(split(MIXED)).toEqual(FRAMES);
  });

  it('gives the same events wherever the bytes are cut (OC-ADAPT-5010)', () => {
    for (let cut = 1; cut < MIXED.length; cut += 1) {
      expect(split(MIXED.subarray(0, cut), MIXED.subarray(cut))).toEqual(FRAMES);
    }
  });

  it('gives the same events when each byte comes alone (OC-ADAPT-5010)', () => {
    expect(split(...[...MIXED].map((byte) => Buffer.of(byte)))).toEqual(FRAMES);
  });

  it('takes a line of 1 MiB and refuses a longer one, whole or in pieces (OC-ADAPT-5010)', () => {
    const longest = Buffer.from(`data:${'x'.repeat(1024 * 1024 - 5)}\n\n`);
    const longer = Buffer.from(`data:${'x'.repeat(1024 * 1024 - 4)}\n\n`);
    expect(split(longest)).toHaveLength(1);
    expect(() => split(longer)).toThrow(SseError);
    const pieces = Array.from({ length: 17 }, () => Buffer.alloc(64 * 1024, 'x'));
    expect(() => split(Buffer.from('data:'), ...pieces)).toThrow('1 MiB');
  });

  it('refuses bytes that are not UTF-8 and keeps a replacement character that was sent (OC-ADAPT-5010)', () => {
    expect(() => split(Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xf0, 0x9f, 0x0a]))).toThrow('UTF-8');
    expect(split(Buffer.from('data: \ufffd\n\n'))).toEqual([['\ufffd', 'data', undefined]]);
  });
});
