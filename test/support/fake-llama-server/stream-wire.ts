import { chunk, dataFrame } from '../fake-engines/chunks.js';
import { type RunView, type StopType, type StreamWire } from '../fake-engines/decoder.js';
import { type Body } from '../fake-engines/http.js';
import { detokenize } from '../fake-engines/model.js';
import { tokenChunk, tokenEvent } from './frames.js';
import { type KvCache } from './kv-cache.js';
import { settingsOf } from './settings.js';

/** What the events of a `/completion` repeat or depend on. */
export interface CompletionFacts {
  readonly body: Body;
  readonly model: string;
  readonly contextTokens: number;
  readonly prefillMs: number;
  readonly cache: KvCache;
}

/** The stream of `/completion`; it has no `[DONE]`. */
export function completionWire({ body, model, contextTokens, prefillMs, cache }: CompletionFacts): StreamWire {
  let startedAt = 0;
  const timings = (run: RunView): object => timesOf(run, cache, prefillMs, performance.now() - startedAt);
  return {
    headers: { 'X-Accel-Buffering': 'no', 'Content-Type': 'text/event-stream' },
    begin({ slotId, promptIds }) {
      startedAt = performance.now();
      cache.enter(slotId, promptIds, body.cache_prompt !== false);
      return '';
    },
    token(run, text, word) {
      cache.append(run.slotId, word.ids);
      const shown = { text, ids: word.ids };
      // As the recorded server does where a stop string swallowed the whole token.
      const isSwallowed = text === '' && word.text !== '';
      if (body.timings_per_token !== true && !isSwallowed)
        return tokenChunk(run.promptIds.length, run.predicted, shown);
      const event = tokenEvent(run.promptIds.length, run.predicted, shown);
      return chunk(dataFrame({ ...event, timings: timings(run) }));
    },
    end: (run, stopType: StopType, stoppingWord) => {
      const { promptIds, predicted, slotId } = run;
      const lastEvent = {
        ...{ index: 0, content: '', tokens: [], id_slot: slotId, stop: true, model },
        tokens_predicted: predicted,
        tokens_evaluated: promptIds.length,
        generation_settings: settingsOf(body),
        prompt: detokenize(promptIds),
        has_new_line: false,
        truncated: promptIds.length + predicted >= contextTokens,
        stop_type: stopType,
        stopping_word: stoppingWord,
        tokens_cached: promptIds.length + predicted - 1,
        timings: timings(run),
      };
      return [dataFrame(lastEvent)];
    },
    error: (message = 'Context size has been exceeded.', field) => {
      const failure = { code: 500, message, type: 'server_error' };
      return field === 'data' ? dataFrame({ error: failure }) : `error: ${JSON.stringify(failure)}\n\n`;
    },
  };
}

function timesOf({ slotId, predicted }: RunView, cache: KvCache, prompt_ms: number, predicted_ms: number): object {
  const { cached = 0, read = 0 } = cache.reuseOf(slotId) ?? {};
  return {
    ...{ cache_n: cached, prompt_n: read, prompt_ms },
    ...{ prompt_per_token_ms: prompt_ms / read, prompt_per_second: perSecond(read, prompt_ms) },
    ...{ predicted_n: predicted, predicted_ms, predicted_per_token_ms: predicted_ms / Math.max(1, predicted) },
    predicted_per_second: perSecond(predicted, predicted_ms),
  };
}

function perSecond(tokens: number, ms: number): number {
  return ms > 0 ? (tokens * 1_000) / ms : 0;
}
