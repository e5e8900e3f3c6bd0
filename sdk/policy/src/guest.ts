import { type Json, type PolicyEvent, type PolicyHook } from './abi.js';
import { type Policy } from './define-policy.js';
import { CAPABILITIES, linkHost, type LogLevel } from './host.js';

type Primitive = (...values: readonly (string | number)[]) => Json;

/** Placed by the build before the policy is evaluated: functions of the glue, each under `__` and its letter. */
type GuestGlobals = Record<`__${string}`, Primitive | undefined> & {
  __evaluate?: (hook: number, input: string) => string;
};

/** Those of the host functions by their place, those of the log by level, and the clock. */
const LETTERS = 'abcdefghij0123~';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const JSON_ANSWERS: readonly string[] = ['url_parse', 'scan'];
const guest = globalThis as unknown as GuestGlobals;

/** Makes the policy answer the host. The order of the answers is that of the exports in the glue. */
export function install(policy: Policy): void {
  if (typeof (policy as Partial<Policy>).decide !== 'function') {
    throw new Error('the default export is no policy; write: export default definePolicy({ … })');
  }
  const glue = takeGlue();
  const setClock = glue('~');
  linkHost({
    capabilities: policy.manifest.capabilities,
    ask: (name, values) => answerOf(name, glue(LETTERS.charAt(CAPABILITIES.indexOf(name)))(...values)),
    log: (level, text) => void glue(String(LEVELS.indexOf(level)))(text),
  });
  const decide = (hook: PolicyHook) => (input: string) => {
    const event = JSON.parse(input) as PolicyEvent;
    setClock(event.now);
    return JSON.stringify(policy.decide(hook, event));
  };
  const answers: readonly ((input: string) => string)[] = [
    manifestKeeper(policy),
    (input) => JSON.stringify(policy.checkConfig(JSON.parse(input) as Json)),
    decide('on_request'),
    decide('on_response'),
    decide('on_admission'),
  ];
  guest.__evaluate = (hook, input) => answers[hook]?.(input) ?? '';
}

/** The build asks once for what the policy knows of itself, hands over the whole manifest, and that is the answer for good. */
function manifestKeeper(policy: Policy): (input: string) => string {
  let kept: string | undefined;
  return (input) => {
    if (kept === undefined && input !== '') kept = input;
    return kept ?? JSON.stringify({ ...policy.manifest, tests: policy.cases });
  };
}

/** The policy itself reaches the glue through the SDK alone. */
function takeGlue(): (letter: string) => Primitive {
  const glue = new Map([...LETTERS].map((letter) => [letter, guest[`__${letter}`]]));
  for (const letter of LETTERS) delete guest[`__${letter}`];
  return (letter) => glue.get(letter) ?? (() => null);
}

function answerOf(name: string, value: Json): Json {
  return typeof value === 'string' && JSON_ANSWERS.includes(name) ? (JSON.parse(value) as Json) : value;
}
