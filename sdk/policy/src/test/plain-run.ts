import { type Decision, type Json, type PolicyEvent, type PolicyHook } from '../abi.js';
import { type Policy } from '../define-policy.js';
import { type HostLink, linkHost } from '../host.js';

/** What a policy answered: a decision, or that it threw. */
export type Answered = { readonly decision: Decision } | { readonly error: string };

/**
 * Asks a policy as ordinary TypeScript, in a world like that of the sandbox: the clock is the event's, there is no chance,
 * and host functions answer what they answered in the sandbox.
 */
export function runPlain(policy: Policy, hook: PolicyHook, event: PolicyEvent, hostResults: readonly Json[]): Answered {
  const leave = enterPolicyWorld(event.now, replayingHost(policy, hostResults));
  try {
    return { decision: JSON.parse(JSON.stringify(policy.decide(hook, structuredClone(event)))) as Decision };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    leave();
  }
}

/** A host that gives the answers of an earlier run: what it computes is the same both ways, and needs no second writing. */
export function replayingHost({ manifest }: Policy, hostResults: readonly Json[]): HostLink {
  let next = 0;
  return {
    capabilities: manifest.capabilities,
    log: () => undefined,
    ask: (name) => {
      const [asked, , value = null] = (hostResults[next++] ?? []) as readonly [string?, number?, Json?];
      if (asked !== name) return null;
      return name === 'body_read' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value;
    },
  };
}

/** Answers how to get out again. Hooks do not wait, so nothing else runs meanwhile. */
function enterPolicyWorld(now: number, link: HostLink): () => void {
  const unlink = linkHost(link);
  const { random } = Math;
  const RealDate = globalThis.Date;
  globalThis.Date = dateAt(now, RealDate);
  Math.random = () => {
    throw new Error('A policy gives the same answer to the same event: there is no Math.random in it.');
  };
  return () => {
    unlink();
    Math.random = random;
    globalThis.Date = RealDate;
  };
}

function dateAt(now: number, RealDate: DateConstructor): DateConstructor {
  return new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now] : args, newTarget) as Date,
    apply: () => new RealDate(now).toString(),
    get: (target, name, receiver) => (name === 'now' ? () => now : (Reflect.get(target, name, receiver) as unknown)),
  });
}
