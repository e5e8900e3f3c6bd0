// A fake llama-server in a process of its own: `node main.mjs --port 0 --tps 50` prints one line of JSON with its URL.
import { registerHooks } from 'node:module';
import { parseArgs } from 'node:util';

// Node strips the types itself but does not turn `./x.js` into `./x.ts`.
registerHooks({
  resolve(specifier, context, next) {
    const isOurs = /^\.\.?\//.test(specifier) && context.parentURL?.endsWith('.ts');
    return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    slots: { type: 'string', default: '256' },
    context: { type: 'string', default: '10000000' },
    tps: { type: 'string', default: '50' },
    tokens: { type: 'string', default: '0' },
    'prefill-ms': { type: 'string', default: '0' },
    'loading-ms': { type: 'string', default: '0' },
    model: { type: 'string', default: 'tiny.gguf' },
  },
});

const { startFakeLlamaServer } = await import('./fake-llama-server.ts');
const server = await startFakeLlamaServer({
  port: Number(values.port),
  slots: Number(values.slots),
  contextTokens: Number(values.context),
  tps: Number(values.tps),
  tokens: Number(values.tokens),
  prefillMs: Number(values['prefill-ms']),
  loadingMs: Number(values['loading-ms']),
  model: values.model,
});
process.stdout.write(`${JSON.stringify({ url: server.url, pid: process.pid })}\n`);
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
