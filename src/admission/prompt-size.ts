import { type EnginePrompt } from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { type Pool } from '../pools/pool.js';
import { bounded } from '../pools/wait.js';
import { type PromptSize } from '../tasks/task.js';

const COUNT_MS = 250;
const BYTES_PER_TOKEN = 4;
/** Control tokens that a chat template puts around one message, generously. */
const TEMPLATE_TOKENS = 16;
const NEVER = new AbortController().signal;

/**
 * Asks the engine only when the answer can matter: a token stands for at least one byte, so a prompt with at most
 * `room` bytes takes at most `room` tokens in any tokenizer, and the estimate serves.
 */
export async function promptSize(pool: Pool, prompt: EnginePrompt, room: number, clock: Clock): Promise<PromptSize> {
  const { bytes, mostTokens } = measure(prompt);
  const estimate = { tokens: Math.ceil(bytes / BYTES_PER_TOKEN), counted: false };
  if (mostTokens <= room) return estimate;
  const engine = pool.replicas.find((replica) => replica.ready)?.connection;
  if (engine?.countTokens === undefined) return estimate;
  try {
    const count = engine.countTokens.bind(engine);
    return { tokens: await bounded((signal) => count(prompt, signal), COUNT_MS, clock, NEVER), counted: true };
  } catch {
    return estimate;
  }
}

function measure(prompt: EnginePrompt): { readonly bytes: number; readonly mostTokens: number } {
  const texts = prompt.type === 'text' ? [prompt.text] : prompt.messages.map((message) => message.content);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { bytes, mostTokens: bytes + TEMPLATE_TOKENS * (texts.length + 1) };
}
