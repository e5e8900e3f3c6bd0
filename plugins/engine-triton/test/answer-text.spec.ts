import { AnswerText, type TextMemory } from '../src/answer-text.js';

interface Read {
  /** What is new in each event, and at the end. */
  readonly texts: readonly string[];
  readonly memory: TextMemory;
  readonly pieces: number;
}

function read(events: readonly string[], form: TextMemory['form'] = 'auto', echo?: string): Read {
  const memory: TextMemory = { form, isGiven: form !== 'auto' };
  const text = new AnswerText(memory, echo);
  const texts = [...events.map((event) => text.next(event)), text.rest()];
  return { texts, memory, pieces: text.pieces };
}

describe('text of the events of Triton', () => {
  it.each<[string, string[], string[], string, number]>([
    ['what is new', ['one', ' two', ' three'], ['one', ' two', ' three', ''], 'delta', 3],
    ['the whole answer', ['one', 'one two', 'one two three'], ['one', '', ' two three', ''], 'cumulative', 3],
    [
      'the whole answer, each twice',
      ['one', 'one', 'one two', 'one two', 'one two three', 'one two three'],
      ['one', '', '', '', ' two three', '', ''],
      'cumulative',
      3,
    ],
    ['empty texts', ['', 'one', '', ' two', ''], ['', 'one', '', ' two', '', ''], 'delta', 2],
    ['one text alone', ['one'], ['one', ''], 'auto', 1],
    ['two whole answers', ['one', 'one two'], ['one', '', ' two'], 'auto', 2],
    ['an answer told again at its end', ['Yes', 'Yes'], ['Yes', '', ''], 'auto', 1],
    ['one word again and again', ['ha', 'ha', 'ha'], ['ha', '', '', 'haha'], 'auto', 3],
    [
      'one word without end',
      ['ha', 'ha', 'ha', 'ha', 'ha', 'ha'],
      ['ha', '', '', '', 'hahahaha', 'ha', ''],
      'delta',
      6,
    ],
    ['words that begin alike by chance', ['1', '12', '3'], ['1', '', '123', ''], 'delta', 3],
    [
      'a character that is decoded anew',
      ['\ufffd', '🦙', '🦙 a', '🦙 a b'],
      ['', '🦙', '', ' a b', ''],
      'cumulative',
      3,
    ],
  ])('reads %s (ORCH-3057)', (_, events, texts, form, pieces) => {
    const result = read(events);
    expect(result.texts).toEqual(texts);
    expect([result.memory.form, result.pieces]).toEqual([form, pieces]);
  });

  it('compares nothing when it is told that texts are new (ORCH-3057)', () => {
    expect(read(['1', '12', '123'], 'delta').texts).toEqual(['1', '12', '123', '']);
  });

  it('holds nothing back when it is told that texts are whole (ORCH-3057)', () => {
    expect(read(['1', '12', '12', '123'], 'cumulative').texts).toEqual(['1', '2', '', '3', '']);
  });

  it('throws for a whole answer that contradicts the one before, and looks anew next time (ORCH-3057)', () => {
    const memory: TextMemory = { form: 'cumulative', isGiven: false };
    const text = new AnswerText(memory, undefined);
    text.next('one');
    expect(() => text.next('two')).toThrow(expect.objectContaining({ code: 'adapter', reason: 'bad_stream' }));
    expect(memory.form).toBe('auto');
  });

  it('loses nothing that it held when another answer finds out (ORCH-3057)', () => {
    const memory: TextMemory = { form: 'auto', isGiven: false };
    const text = new AnswerText(memory, undefined);
    expect([text.next('ha'), text.next('ha')]).toEqual(['ha', '']);
    memory.form = 'delta';
    expect([text.next('!'), text.rest()]).toEqual(['ha!', '']);
  });

  it.each<[string, string[], string[]]>([
    ['in an event of its own', ['hello', 'one', ' two'], ['', 'one', ' two', '']],
    ['before the first text', ['hello one', ' two'], [' one', ' two', '']],
    [
      'before each whole answer',
      ['hello', 'hello one', 'hello one two', 'hello one two 3'],
      ['', ' one', '', ' two 3', ''],
    ],
    ['nowhere', ['one', ' hello', 'hello'], ['one', ' hello', 'hello', '']],
    ['by the model itself, later', ['hello', 'one', 'two', 'hello'], ['', 'one', 'two', 'hello', '']],
  ])('leaves out a prompt that is repeated %s (ORCH-3057)', (_, events, texts) => {
    expect(read(events, 'auto', 'hello').texts).toEqual(texts);
  });
});
