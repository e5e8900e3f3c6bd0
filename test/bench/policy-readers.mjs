// The readers of policy.bench.mjs: so many streams of a daemon, each read to the end. Told by its parent how long to look,
// it answers with the milliseconds between tokens of the same stream.
import { Agent, request } from 'node:http';

const [url, streams] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const TOKEN = Buffer.from('event: token');
const BODY = JSON.stringify({
  ...{ workload: 'completion', model_ref: 'mock-model', priority: 'interactive', prompt: 'count', max_tokens: 8_000 },
});
let gaps;

await Promise.all(Array.from({ length: Number(streams) }, read));
process.on('message', async ({ ms }) => {
  gaps = [];
  await new Promise((resolve) => setTimeout(resolve, ms));
  const answer = gaps;
  gaps = undefined;
  process.send({ answer });
});
process.on('disconnect', () => process.exit());
process.send({ answer: {} });

/** Resolves with the first token. */
async function read() {
  const admitted = await send('POST', '/v1/tasks', BODY);
  const chunks = [];
  for await (const chunk of admitted) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (admitted.statusCode !== 202) throw new Error(`not admitted: ${text}`);
  const stream = await send('GET', JSON.parse(text).stream);
  await new Promise((resolve) => follow(stream, resolve));
}

function follow(stream, began) {
  let last;
  stream.on('data', (chunk) => {
    const now = performance.now();
    for (let at = chunk.indexOf(TOKEN); at >= 0; at = chunk.indexOf(TOKEN, at + 1)) {
      if (last !== undefined) gaps?.push(now - last);
      last = now;
    }
    began();
  });
  stream.on('error', () => {});
}

function send(method, path, body) {
  const { hostname: host, port } = new URL(url);
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    request({ agent, host, port, method, path, headers }, resolve).on('error', reject).end(body);
  });
}
