import { Detokeniser } from '../src/child/detokeniser.js';
import { TextGate } from '../src/child/text-gate.js';

/** Says `text` in pieces of `size` characters. */
function say(text: string, stops: readonly string[], size: number): { said: string; stop: string | undefined } {
  const gate = new TextGate(stops);
  let said = '';
  for (let at = 0; at < text.length; at += size) {
    const { text: free, stop } = gate.push(text.slice(at, at + size));
    said += free;
    if (stop !== undefined) return { said, stop };
  }
  return { said: said + gate.rest(), stop: undefined };
}

describe('stop strings', () => {
  it.each([1, 2, 3, 5, 100])('cut at the first hit when text comes %i characters at a time', (size) => {
    expect(say('one two three', ['three', 'two'], size)).toEqual({ said: 'one ', stop: 'two' });
    expect(say('aaab rest', ['aab'], size)).toEqual({ said: 'a', stop: 'aab' });
    expect(say('END', ['END'], size)).toEqual({ said: '', stop: 'END' });
  });

  it.each([1, 2, 3])('that never come cost no text, %i characters at a time', (size) => {
    expect(say('ends almost ENDLES', ['ENDLESS'], size)).toEqual({ said: 'ends almost ENDLES', stop: undefined });
  });

  it('let through at once what cannot become one', () => {
    expect(new TextGate(['xyz']).push('abcx')).toEqual({ text: 'abc' });
  });
});

describe('tokens that are single bytes', () => {
  const decode = (bytes: readonly number[], before: readonly number[]) =>
    Buffer.from([...before, ...bytes])
      .toString('utf8')
      .slice(Buffer.from(before).toString('utf8').length);
  const read = (bytes: readonly number[]) => {
    const detokeniser = new Detokeniser<number>(decode);
    return bytes.map((byte) => detokeniser.push(byte));
  };

  it('become text when their character is whole', () => {
    expect(read([...Buffer.from('a🦙b')])).toEqual(['a', '', '', '', '🦙', 'b']);
  });

  it('are dropped when they never become a character, and spare what follows', () => {
    expect(read([0x80, 0x41]).join('')).toBe('A');
    expect(read([0x80, ...Buffer.from('🦙')]).join('')).toBe('🦙');
    expect(read(Array.from({ length: 40 }, () => 0x80)).join('')).toBe('');
  });
});
