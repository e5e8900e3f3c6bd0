import { samplingOf } from './settings.js';

/** What the server says about itself. */
export interface ServerFacts {
  readonly model: string;
  readonly slots: number;
  readonly contextTokens: number;
  readonly chatTemplate: 'marked' | 'shouting';
  readonly slotsRoute: boolean;
  readonly metrics: boolean;
  readonly isSleeping: boolean;
}

const BUILD = 'b1-fa4e5e2';
const CONTENT = { marked: "m['content']", shouting: "m['content'] | upper" };
const CAPABILITIES = {
  supports_object_arguments: false,
  supports_parallel_tool_calls: false,
  supports_preserve_reasoning: false,
  supports_reasoning_effort: false,
  supports_string_content: true,
  supports_system_role: true,
  supports_tool_calls: false,
  supports_tools: false,
  supports_typed_content: false,
};

export function propsOf(facts: ServerFacts): object {
  const content = CONTENT[facts.chatTemplate];
  return {
    default_generation_settings: { params: samplingOf(), n_ctx: facts.contextTokens },
    total_slots: facts.slots,
    model_alias: facts.model,
    model_ftype: 'F16',
    model_path: `/srv/weights/${facts.model}`,
    modalities: { vision: false, video: false, audio: false },
    media_marker: '<__media_fa4e__>',
    ...{ endpoint_slots: facts.slotsRoute, endpoint_props: true, endpoint_metrics: facts.metrics },
    ...{ ui: false, ui_settings: {} },
    chat_template: `{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + ${content} + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}`,
    chat_template_caps: CAPABILITIES,
    ...{ bos_token: '<|bos|>', eos_token: '<|endoftext|>' },
    build_info: BUILD,
    is_sleeping: facts.isSleeping,
    cors_proxy_enabled: false,
  };
}

/** A router tells neither slots nor context. */
export function routerProps(): object {
  return {
    ...{ role: 'router', max_instances: 4, models_autoload: true, model_alias: 'llama-server', model_path: 'none' },
    ...{ default_generation_settings: { params: null, n_ctx: 0 }, ui_settings: {} },
    ...{ build_info: BUILD, cors_proxy_enabled: false },
  };
}

export function modelsOf({ model, contextTokens }: ServerFacts): object {
  const details = { parent_model: '', format: 'gguf', family: '', families: [''], parameter_size: '' };
  const listed = { name: model, model, modified_at: '', size: '', digest: '', type: 'model', description: '' };
  const weights = { n_vocab: 352, n_ctx_train: 1_024, n_embd: 320, n_params: 943_680, size: 1_890_560, ftype: 'F16' };
  const served = { id: model, aliases: [model], tags: [], object: 'model', created: 1_760_000_000 };
  return {
    models: [
      {
        ...{ ...listed, tags: [''], capabilities: ['completion'], parameters: '' },
        details: { ...details, quantization_level: '' },
      },
    ],
    object: 'list',
    data: [{ ...served, owned_by: 'llamacpp', meta: { vocab_type: 2, n_ctx: contextTokens, ...weights } }],
  };
}

/** One line per series, with its description. */
export function metricsOf(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      const type = name.endsWith('_total') || name.endsWith('_max') ? 'counter' : 'gauge';
      return `# HELP llamacpp:${name} Of the fake server\n# TYPE llamacpp:${name} ${type}\nllamacpp:${name} ${value}\n`;
    })
    .join('');
}
