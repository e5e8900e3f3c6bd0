import { type Readable, type Transform, pipeline } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { Fault } from '../fault.js';
import { asItCame } from './as-it-came.js';
import { faultOf, type Head, type Header } from './exchange.js';

/** Encodings that are asked for and undone here. */
export const ACCEPTED_ENCODINGS = 'gzip, br, zstd';

const RATIO = 100;
/** Below it a high ratio harms nobody. */
const RATIO_FROM_BYTES = 1024 * 1024;
/** The largest window that a web server may ask for (RFC 9659). */
const ZSTD_WINDOW_LOG = 23;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
};

/** The one encoding of a body, undefined for none. @throws Fault for several, or one that is not known */
export function encodingOf(headers: readonly Header[]): string | undefined {
  const named = headers
    .filter(([name]) => name === 'content-encoding')
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'identity');
  if (named.length > 1) throw new Fault('protocol', 'the answer is encoded more than once');
  const [encoding] = named;
  if (encoding !== undefined && DECODERS[encoding] === undefined)
    throw new Fault('protocol', 'the answer has an encoding that is not known');
  return encoding;
}

/** The body in clear, piece by piece; it is read from now on. Leaving the loop closes the connection. */
export function decoded({ body, headers }: Pick<Head, 'body' | 'headers'>): AsyncGenerator<Buffer> {
  const isPlain = !headers.some(([name]) => name === 'content-encoding');
  return isPlain ? guarded(body, asItCame(body)) : guarded(body, inClear(body, headers));
}

/** @throws Fault */
async function* guarded(body: Readable, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* pieces;
  } catch (error) {
    throw faultOf(error);
  } finally {
    body.on('error', () => {}).destroy();
  }
}

async function* inClear(body: Readable, headers: readonly Header[]): AsyncGenerator<Buffer> {
  const encoding = encodingOf(headers);
  yield* encoding === undefined ? asItCame(body) : inflated(body, DECODERS[encoding]!());
}

async function* inflated(body: Readable, decoder: Transform): AsyncGenerator<Buffer> {
  let taken = 0;
  let given = 0;
  body.on('data', (piece: Buffer) => (taken += piece.length)).pause();
  pipeline(body, decoder, () => {});
  try {
    for await (const piece of decoder as AsyncIterable<Buffer>) {
      given += piece.length;
      if (given > RATIO_FROM_BYTES && given > taken * RATIO)
        throw new Fault('too_large', `the answer grows to more than ${RATIO} times of what was sent`);
      yield piece;
    }
  } catch (error) {
    if (taken === 0 && given === 0 && isZlib(error)) return;
    throw isZlib(error) ? new Fault('protocol', 'the answer is not encoded as it says', { cause: error }) : error;
  }
}

function isZlib(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code.startsWith('Z_') || code.startsWith('ERR_') || code.startsWith('ZSTD');
}
