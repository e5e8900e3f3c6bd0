import { EngineError, type EnginePrompt } from '@llama-orch/plugin-sdk';
import { runFaultSchema, type MockOptions, type RunFault } from './options.js';

/** What a caller may set for one task by controls in the prompt. */
export type RunSettings = Pick<MockOptions, 'tokens' | 'first_token_ms' | 'token_ms' | 'emoji'>;

export interface ReadPrompt {
  /** The prompt without controls: all that the answer depends on. */
  readonly text: string;
  readonly faults: readonly RunFault[];
  readonly settings: Partial<RunSettings>;
}

const CONTROL = /^\s*\[\[mock:([^\]]*)\]\]/;
const FAULT = /^(?<kind>[a-z-]+)@(?<at>\d{1,9})(?:x(?<times>\d{1,9}))?(?:=(?<code>[a-z-]+))?$/;
const SETTING = /^(?<name>tokens|first_token_ms|token_ms)=(?<value>\d{1,7})$/;

/**
 * Reads controls such as `[[mock:stall@3]]` or `[[mock:tokens=40]]` off the beginning of a prompt.
 * @throws EngineError `invalid-input` for a control that does not exist
 */
export function readPrompt(prompt: EnginePrompt): ReadPrompt {
  const { before, spoken } = split(prompt);
  const faults: RunFault[] = [];
  const settings: { -readonly [Name in keyof RunSettings]?: RunSettings[Name] } = {};
  let rest = spoken;
  for (let found = CONTROL.exec(rest); found; found = CONTROL.exec(rest)) {
    rest = rest.slice(found[0].length);
    applyControl(found[1]!, faults, settings);
  }
  return { text: before + rest, faults, settings };
}

export function countWords(text: string): number {
  return text.match(/\S+/gu)?.length ?? 0;
}

/** Controls stand at the beginning of a text, or of the newest message. */
function split(prompt: EnginePrompt): { before: string; spoken: string } {
  if (prompt.type === 'text') return { before: '', spoken: prompt.text };
  const earlier = prompt.messages.slice(0, -1).map(({ role, content }) => `${role} ${content}\n`);
  const newest = prompt.messages.at(-1);
  return { before: `${earlier.join('')}${newest?.role ?? 'user'} `, spoken: newest?.content ?? '' };
}

function applyControl(control: string, faults: RunFault[], settings: Partial<RunSettings>): void {
  const setting = SETTING.exec(control)?.groups;
  if (control === 'emoji') settings.emoji = true;
  else if (setting) settings[setting.name as 'tokens'] = Number(setting.value);
  else faults.push(readFault(control));
}

function readFault(control: string): RunFault {
  const { kind, at, times, code } = FAULT.exec(control)?.groups ?? {};
  const parsed = runFaultSchema.safeParse({
    kind,
    at_token: Number(at),
    ...(times !== undefined && { times: Number(times) }),
    ...(code !== undefined && { code }),
  });
  if (parsed.success) return parsed.data;
  throw new EngineError(
    'invalid-input',
    'The mock engine does not know a control of this prompt; write for example [[mock:stall@3]] or [[mock:tokens=40]].',
    { reason: 'not_supported' },
  );
}
