import { AnswerChangedError } from './api-error.js';
import { type EndFrame, type StreamFrame, type StreamSnapshot, type TokenFrame } from './types.js';

/** Ends of an answer that was written to its end. */
const WHOLE: readonly EndFrame['finish_reason'][] = ['stop', 'length'];

/** What of an answer the caller has been told. */
export class ToldText {
  private text = '';
  private index = -1;
  /** What the caller has and the server lost; it comes again. */
  private again = '';
  /** Something came that a snapshot does not hold. */
  private hasMore = false;

  constructor(
    private readonly taskId: string,
    /** The caller has been told all from the first frame on. */
    private readonly isWhole: boolean,
  ) {}

  /**
   * The frame as far as it is new to the caller.
   * @throws AnswerChangedError when the caller was told something else at this place
   */
  take(frame: StreamFrame): StreamFrame | undefined {
    if (frame.event === 'token') return this.takeToken(frame, frame.data);
    if (frame.event === 'end' && this.again !== '' && WHOLE.includes(frame.data.finish_reason)) throw this.changed();
    return frame;
  }

  /** True when the text of a snapshot and what was told are one answer. */
  fits({ text }: StreamSnapshot): boolean {
    return this.isWhole && !this.hasMore && (text.startsWith(this.text) || this.text.startsWith(text));
  }

  /** What a snapshot that fits has and the caller has not, as one frame with this id. */
  catchUp({ text }: StreamSnapshot, id: number): StreamFrame | undefined {
    this.again = this.text.slice(text.length);
    const t = text.slice(this.text.length);
    if (t === '') return undefined;
    this.text = text;
    return { event: 'token', id, data: { t, i: ++this.index } };
  }

  private takeToken(frame: StreamFrame, data: TokenFrame): StreamFrame | undefined {
    const isText = data.reasoning !== true && data.tool_call === undefined;
    const known = Math.min(this.again.length, data.t.length);
    if (this.again !== '' && !(isText && this.again.startsWith(data.t.slice(0, known)))) throw this.changed();
    this.hasMore ||= !isText;
    if (!isText) return frame;
    const t = data.t.slice(known);
    this.again = this.again.slice(known);
    if (known > 0 && t === '') return undefined;
    this.text += t;
    this.index = data.i;
    return known === 0 ? frame : { id: frame.id, event: 'token', data: { ...data, t } };
  }

  private changed(): AnswerChangedError {
    return new AnswerChangedError(
      `the server restarted, and another run of task ${this.taskId} said something else than what was told; submit the task again`,
    );
  }
}
