// The yardstick: a relay that does nothing but `http.request` → `res.write` for each chunk. Prints its URL as one line of JSON.
import { Agent, createServer, request } from 'node:http';

const engine = new URL(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

const server = createServer((incoming, outgoing) => {
  const upstream = request(
    {
      agent,
      host: engine.hostname,
      port: engine.port,
      path: incoming.url,
      method: incoming.method,
      headers: incoming.headers,
    },
    (reply) => {
      outgoing.writeHead(reply.statusCode, { 'content-type': reply.headers['content-type'] });
      outgoing.flushHeaders();
      outgoing.socket?.setNoDelay(true);
      reply.on('data', (chunk) => {
        if (!outgoing.write(chunk)) {
          reply.pause();
          outgoing.once('drain', () => reply.resume());
        }
      });
      reply.on('end', () => outgoing.end());
    },
  );
  upstream.on('error', () => outgoing.destroy());
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}`, pid: process.pid })}\n`);
});
