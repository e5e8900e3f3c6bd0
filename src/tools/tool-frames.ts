import { type HttpToolChunk, type HttpToolEnd, type HttpToolFailed, type HttpToolHead } from '@llama-orch/client';
import { EgressFailure, type OutboundStream } from '../egress/egress.js';
import { headWith, failureOf, valueOfHeader } from './http-answer.js';
import { BodyPieces, type Piece } from './body-text.js';

/** One event of a streamed call: a head, chunks, then exactly one end or error. A call that fails at once is one error. */
export type ToolFrame =
  | { readonly event: 'head'; readonly data: HttpToolHead }
  | { readonly event: 'chunk'; readonly data: HttpToolChunk }
  | { readonly event: 'end'; readonly data: HttpToolEnd }
  | { readonly event: 'error'; readonly data: HttpToolFailed };

/** The events of one answer. Whoever leaves the loop closes the connection to the far side. */
export async function* framesOf(stream: OutboundStream): AsyncGenerator<ToolFrame> {
  yield { event: 'head', data: headWith(stream) };
  const pieces = new BodyPieces(valueOfHeader(stream.headers, 'content-type'));
  try {
    for await (const bytes of stream.body) yield* chunkOf(pieces.push(bytes));
  } catch (error) {
    if (!(error instanceof EgressFailure)) throw error;
    yield { event: 'error', data: failureOf(error) };
    return;
  }
  yield* chunkOf(pieces.end());
  const { bytes, truncated, auditSeq } = await stream.end;
  yield { event: 'end', data: { bytes, truncated, audit_seq: auditSeq } };
}

/** The one event of a call whose far side never answered. */
export async function* frameOfFailure(failure: EgressFailure): AsyncGenerator<ToolFrame> {
  yield { event: 'error', data: failureOf(failure) };
}

function* chunkOf(piece: Piece | undefined): Generator<ToolFrame> {
  if (piece !== undefined) yield { event: 'chunk', data: piece };
}
