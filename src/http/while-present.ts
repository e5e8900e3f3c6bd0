import { type FastifyReply } from 'fastify';

/** Answers a caller who may leave: then the signal aborts, and what the work makes of that is nobody's failure. */
export async function whilePresent(reply: FastifyReply, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const left = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort(new Error('the caller has left'));
  });
  try {
    await work(left.signal);
  } catch (error) {
    if (!left.signal.aborted) throw error;
    if (!reply.sent) reply.hijack();
  }
}
