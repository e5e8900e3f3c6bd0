// A fake engine in a process of its own: `node main.mjs vllm --port 0 --tps 50` prints one line of JSON with its URL.
import { registerHooks } from 'node:module';
import { parseArgs } from 'node:util';

// Node strips the types itself but does not turn `./x.js` into `./x.ts`.
registerHooks({
  resolve(specifier, context, next) {
    const isOurs = /^\.\.?\//.test(specifier) && context.parentURL?.endsWith('.ts');
    return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});

/** Each kind starts with the same options; further ones need a file and a line here. */
const KINDS = {
  llamacpp: async () => (await import('../fake-llama-server/fake-llama-server.ts')).startFakeLlamaServer,
  openai: async () => (await import('./openai.ts')).startFakeOpenAi,
  tgi: async () => (await import('./tgi.ts')).startFakeTgi,
  triton: async () => (await import('./triton.ts')).startFakeTriton,
  vllm: async () => (await import('./vllm.ts')).startFakeVllm,
};

const text = { type: 'string' };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    slots: { type: 'string', default: '256' },
    context: { type: 'string', default: '10000000' },
    tps: { type: 'string', default: '50' },
    tokens: { type: 'string', default: '0' },
    'prefill-ms': { type: 'string', default: '0' },
    'loading-ms': { type: 'string', default: '0' },
    ...{ model: text, key: text, fault: text },
    // With --fault: after this many tokens. Alone: the connection is reset there.
    'fail-at': text,
  },
});

const { faultNamed, FAULT_NAMES } = await import('./fault-names.ts');
const kind = positionals[0] ?? 'llamacpp';
const load = KINDS[kind];
if (load === undefined) fail(`There is no engine ${kind}; there are ${Object.keys(KINDS).join(', ')}.`);
if (values.fault !== undefined && !FAULT_NAMES.includes(values.fault)) {
  fail(`There is no fault ${values.fault}; there are ${FAULT_NAMES.join(', ')}.`);
}

const start = await load();
const engine = await start({
  port: Number(values.port),
  slots: Number(values.slots),
  contextTokens: Number(values.context),
  tps: Number(values.tps),
  tokens: Number(values.tokens),
  prefillMs: Number(values['prefill-ms']),
  loadingMs: Number(values['loading-ms']),
  ...(values.model === undefined ? {} : { model: values.model }),
  ...(values.key === undefined ? {} : { apiKey: values.key }),
});
const failAt = values['fail-at'];
if (values.fault !== undefined || failAt !== undefined) {
  engine.fault(faultNamed(values.fault ?? 'rst', Number(failAt ?? 0)));
}
process.stdout.write(`${JSON.stringify({ engine: kind, url: engine.url, pid: process.pid })}\n`);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void engine.close().then(() => process.exit(0)));

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
