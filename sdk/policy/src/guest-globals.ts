// Loaded before anything of a policy: what a policy must not use says so in a sentence.

function refusing(sentence: string): () => never {
  return () => {
    throw new Error(sentence);
  };
}

const NO_WAITING = 'A policy answers at once: there are no timers in it.';
const globals = globalThis as unknown as Record<string, unknown>;
const noConsole = refusing('There is no console in a policy: use log(…) of @llama-orch/policy-sdk.');

Math.random = refusing('A policy gives the same answer to the same event: there is no Math.random in it.');
globals.console = { log: noConsole, info: noConsole, warn: noConsole, error: noConsole, debug: noConsole };
globals.setTimeout = refusing(NO_WAITING);
globals.setInterval = refusing(NO_WAITING);
globals.queueMicrotask = refusing(NO_WAITING);
globals.fetch = refusing('There is no network in a policy: the host makes the call that it is asked about.');
delete globals.performance;

export {};
