import { chunk, dataFrame } from './chunks.js';
import { type RunView, type StopType, type StreamWire } from './decoder.js';
import { type Body } from './http.js';

/** How one server writes its chunks. */
export interface ChunkStyle {
  readonly isChat: boolean;
  readonly model: string;
  readonly body: Body;
  /** vLLM tells which stop string ended the answer. */
  readonly tellsStopReason: boolean;
  /** Prompt tokens that were read from the cache; undefined when the server does not tell. */
  readonly cachedTokens: number | undefined;
  /** The error of a stream, and what follows it. */
  error(message: string): string;
}

const FINISHES: Readonly<Record<StopType, string>> = { eos: 'stop', word: 'stop', limit: 'length' };
const CREATED = 1_760_000_000;

/** The stream of `/chat/completions` or `/completions`. */
export function chunkStream(style: ChunkStyle): StreamWire {
  const { isChat, body } = style;
  const options = (body.stream_options ?? {}) as Body;
  const includesUsage = options.include_usage === true;
  const usageOfEach = includesUsage && options.continuous_usage_stats === true;
  const usageOf = (run: RunView): object => usage(run, style.cachedTokens);
  const usageField = (run: RunView): object =>
    usageOfEach ? { usage: usageOf(run) } : includesUsage ? { usage: null } : {};
  const frame = (run: RunView, choices: readonly unknown[], told = usageField(run)): string =>
    dataFrame({ ...headOf(style), choices, ...told });
  const choice = (run: RunView, text: string, finish: string | null, more: object = {}): string =>
    frame(run, [{ index: 0, ...content(isChat, text), logprobs: null, finish_reason: finish, ...more }]);
  return {
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8' },
    begin: (run) =>
      isChat
        ? frame(run, [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }])
        : '',
    token: (run, text) => (text === '' ? Buffer.alloc(0) : chunk(choice(run, text, null))),
    end: (run, stopType, stoppingWord) => {
      const stopReason = stopType === 'word' ? stoppingWord : null;
      const last = choice(run, '', FINISHES[stopType], style.tellsStopReason ? { stop_reason: stopReason } : {});
      return includesUsage ? [last, frame(run, [], { usage: usageOf(run) })] : [last];
    },
    done: 'data: [DONE]\n\n',
    error: (message = 'the engine failed', field) =>
      field === 'error' ? `error: {"message":${JSON.stringify(message)},"code":500}\n\n` : style.error(message),
  };
}

function headOf({ isChat, model }: ChunkStyle): object {
  const object = isChat ? 'chat.completion.chunk' : 'text_completion';
  return { id: isChat ? 'chatcmpl-fa4e' : 'cmpl-fa4e', object, created: CREATED, model };
}

function content(isChat: boolean, text: string): object {
  if (!isChat) return { text };
  return { delta: text === '' ? {} : { content: text } };
}

function usage({ promptIds, predicted }: RunView, cachedTokens: number | undefined): object {
  const prompt_tokens = promptIds.length;
  const details = cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } };
  return { prompt_tokens, total_tokens: prompt_tokens + predicted, completion_tokens: predicted, ...details };
}
