import { type Json, type PolicyHook } from './abi.js';
import { ALLOWED } from './decisions.js';
import { decisionOf, type Policy } from './define-policy.js';
import { type EventText, GuestEvents } from './guest-event.js';
import { CAPABILITIES, linkHost, type LogLevel } from './host.js';
import { beginTurn } from './on-demand.js';

type Primitive = (...values: readonly (string | number)[]) => Json;

/** Placed by the build before the policy is evaluated: functions of the glue, each under `__` and its letter. */
type GuestGlobals = Record<`__${string}`, Primitive | undefined> & {
  __evaluate?: (hook: number, input: string) => string;
};

/** Those of the host functions by their place, those of the log by level, and those that read the event. */
const LETTERS = 'abcdefghij0123ABC';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const JSON_ANSWERS: readonly string[] = ['url_parse', 'scan'];
const guest = globalThis as unknown as GuestGlobals;

/** Makes the policy answer the host. The order of the answers is that of the exports in the glue. */
export function install(policy: Policy): void {
  if (typeof (policy as Partial<Policy>).decide !== 'function') {
    throw new Error('the default export is no policy; write: export default definePolicy({ … })');
  }
  const glue = takeGlue();
  linkHost({
    capabilities: policy.manifest.capabilities,
    ask: (name, values) => answerOf(name, glue(LETTERS.charAt(CAPABILITIES.indexOf(name)))(...values)),
    log: (level, text) => void glue(String(LEVELS.indexOf(level)))(text),
  });
  const events = new GuestEvents({ name: glue('A'), value: glue('B'), isObject: glue('C') } as unknown as EventText);
  const answers: readonly ((input: string) => string)[] = [
    manifestKeeper(policy),
    (input) => JSON.stringify(policy.checkConfig(JSON.parse(input) as Json)),
    decider(policy, 'on_request', events),
    decider(policy, 'on_response', events),
    decider(policy, 'on_admission', events),
  ];
  guest.__evaluate = (hook, input) => answers[hook]?.(input) ?? '';
}

/** Nothing of it is made anew for a call but what the policy makes itself. */
function decider(policy: Policy, hook: PolicyHook, events: GuestEvents): () => string {
  if (!policy.hooks.includes(hook)) return refusing(hook);
  const ask = policy.question(hook, events.of(hook), events.settings(policy.settings));
  return () => {
    beginTurn();
    const answer = ask();
    return answer === ALLOWED ? '{"decision":"allow"}' : JSON.stringify(decisionOf(hook, answer));
  };
}

/** The manifest does not name it, so no host asks. */
function refusing(hook: PolicyHook): () => never {
  return () => {
    throw new Error(`the policy has no ${hook}`);
  };
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
