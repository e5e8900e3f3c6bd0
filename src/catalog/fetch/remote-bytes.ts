import { EgressFailure } from '../../egress/egress.js';
import { planFor } from './answer-plan.js';
import { type RemoteFile } from './download.js';
import { FetchError } from './fetch-error.js';
import { ByteSource, Unsound } from './formats/byte-source.js';
import { type SourceDoor } from './source-door.js';

const UNKNOWN = { etag: null, lastModified: null, total: null };
/** A header that is longer is not read before the model is fetched. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A file far away, read by ranges: its header is known before the file is fetched. */
export class RemoteBytes extends ByteSource {
  override readonly pageBytes = 256 * 1024;
  private asked = 0;

  private constructor(
    private readonly file: RemoteFile,
    override readonly sizeBytes: number,
    private readonly door: SourceDoor,
    private readonly signal: AbortSignal,
  ) {
    super();
  }

  /** Undefined when its size is not known. */
  static of(file: RemoteFile, door: SourceDoor, signal: AbortSignal): RemoteBytes | undefined {
    return file.sizeBytes === undefined ? undefined : new RemoteBytes(file, file.sizeBytes, door, signal);
  }

  override async read(at: number, length: number): Promise<Buffer> {
    this.asked += length;
    if (this.asked > MOST_BYTES) throw new Unsound('its header is too long to be read from afar');
    const range = ['range', `bytes=${at}-${at + length - 1}`] as const;
    const call = await this.file.ask();
    const answer = await this.door.stream(call, [range], this.sizeBytes, this.signal);
    const plan = planFor(answer, { from: at, held: at, known: UNKNOWN, sizeBytes: this.sizeBytes });
    const isFromHere = plan.type === 'go-on' || (plan.type === 'from-the-start' && at === 0);
    const bytes = await collected(answer.body, isFromHere ? length : 0);
    if (bytes.length === length) return bytes;
    throw new FetchError('broken_off', `${this.file.name} cannot be read in parts; it can still be fetched`);
  }
}

async function collected(body: AsyncIterable<Uint8Array>, length: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of body) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= length) break;
    }
  } catch (error) {
    if (!(error instanceof EgressFailure)) throw error;
  }
  return Buffer.concat(pieces).subarray(0, length);
}
