import { type Body } from '../fake-engines/http.js';

/** What the server samples by where a request says nothing. */
const SAMPLING = {
  seed: 4_294_967_295,
  temperature: 0.8,
  dynatemp_range: 0,
  dynatemp_exponent: 1,
  top_k: 40,
  top_p: 0.95,
  min_p: 0.05,
  top_n_sigma: -1,
  xtc_probability: 0,
  xtc_threshold: 0.1,
  typical_p: 1,
  repeat_last_n: 64,
  repeat_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  dry_multiplier: 0,
  dry_base: 1.75,
  dry_allowed_length: 2,
  dry_penalty_last_n: 64,
  mirostat: 0,
  mirostat_tau: 5,
  mirostat_eta: 0.1,
  adaptive_target: -1,
  adaptive_decay: 0.9,
  max_tokens: -1,
  n_predict: -1,
  n_keep: 0,
  n_discard: 0,
  ignore_eos: false,
  stream: false,
  n_probs: 0,
  min_keep: 0,
  chat_format: 'Content-only',
  reasoning_format: 'none',
  reasoning_in_content: false,
  generation_prompt: '',
  samplers: ['penalties', 'dry', 'top_n_sigma', 'top_k', 'typ_p', 'top_p', 'min_p', 'xtc', 'temperature'],
  'speculative.types': 'none',
  timings_per_token: false,
  post_sampling_probs: false,
  backend_sampling: false,
  lora: [],
};

/** Only the end of an answer repeats these. */
const REPEATED = {
  dry_sequence_breakers: ['\n', ':', '"', '*'],
  stop: [],
  logit_bias: [],
  grammar: '',
  grammar_lazy: false,
  grammar_triggers: [],
  preserved_tokens: [],
};

/** The sampling of a request as `/slots` tells it; of none: the defaults of `/props`. */
export function samplingOf(body: Body = {}): Body {
  return { ...known(SAMPLING, body), max_tokens: body.n_predict ?? SAMPLING.n_predict };
}

/** The same as the last event of an answer repeats it. */
export function settingsOf(body: Body): Body {
  return { ...samplingOf(body), ...known(REPEATED, body) };
}

function known(defaults: Body, body: Body): Body {
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, body[name] ?? value]));
}
