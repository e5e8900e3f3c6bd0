import { type PluginSource } from './plugin-host.js';

const PACKAGES = [
  '@llama-orch/engine-embedded',
  '@llama-orch/engine-llamacpp',
  '@llama-orch/engine-mock',
  '@llama-orch/engine-openai',
  '@llama-orch/engine-tgi',
  '@llama-orch/engine-triton',
  '@llama-orch/engine-vllm',
  '@llama-orch/gpu-nvidia-smi',
  '@llama-orch/gpu-nvml',
  '@llama-orch/gpu-static',
  '@llama-orch/placement-least-loaded',
  '@llama-orch/placement-most-free-vram',
  '@llama-orch/placement-predicted-finish',
  '@llama-orch/placement-round-robin',
  '@llama-orch/queue-edf',
  '@llama-orch/queue-priority-fifo',
  '@llama-orch/queue-wfq',
  '@llama-orch/search-http-json',
  '@llama-orch/source-file',
  '@llama-orch/source-https',
  '@llama-orch/source-huggingface',
  '@llama-orch/source-oci',
  '@llama-orch/source-s3',
];

/** The plugins that come with llama-orch; they pass the same door as any other. */
export const FIRST_PARTY: readonly PluginSource[] = PACKAGES.map((name) => ({
  package: name,
  options: {},
  optional: false,
}));
