import { invalidParams, type Violation } from '../kernel/errors.js';
import { type JsonObject } from './artifact.js';

/** Bytes with their media type, as content carries them: `{media_type, encoding: "base64", data}`. */
export interface Binary {
  readonly mediaType: string;
  readonly data: string;
}

const MEMBERS = ['media_type', 'encoding', 'data'];
const LONGEST_TYPE = 200;
const TOKEN = "[A-Za-z0-9!#$&^_.+'*%`|~-]{1,100}";
/** Type, subtype and parameters of RFC 9110; a value in quotes holds nothing that would have to be escaped. */
const MEDIA_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(?:; ?${TOKEN}=(?:${TOKEN}|"[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]{0,100}"))*$`,
);
const TEXT_TYPE =
  /^(?:text\/|application\/(?:[^;]*\+)?(?:json|xml|yaml|x-yaml|javascript|x-ndjson)(?:;|$)|image\/svg)/i;

/** Content that stands for bytes; undefined for all other content. @throws AppError 400 when it is not well formed */
export function binaryIn(content: JsonObject): Binary | undefined {
  const { media_type: mediaType, encoding, data } = content;
  if (encoding !== 'base64' || data === undefined) return undefined;
  const violations = [...typeFaults(mediaType), ...dataFaults(data), ...strangers(content)];
  if (violations.length > 0) throw invalidParams(violations);
  return { mediaType: mediaType as string, data: data as string };
}

/** Whether the bytes are read by people and programs as text. */
export function isText({ mediaType }: Binary): boolean {
  return TEXT_TYPE.test(mediaType);
}

function typeFaults(type: unknown): Violation[] {
  const pointer = '/content/media_type';
  if (type === undefined) return [{ pointer, message: 'is required with data; send it as type/subtype' }];
  if (typeof type === 'string' && type.length <= LONGEST_TYPE && MEDIA_TYPE.test(type)) return [];
  return [{ pointer, message: `must be a media type such as image/png, at most ${LONGEST_TYPE} characters long` }];
}

/** Other spellings of the same bytes would give them another id. */
function dataFaults(data: unknown): Violation[] {
  const isPlain = typeof data === 'string' && Buffer.from(data, 'base64').toString('base64') === data;
  return isPlain ? [] : [{ pointer: '/content/data', message: 'must be base64 with padding and without line breaks' }];
}

function strangers(content: JsonObject): Violation[] {
  return Object.keys(content)
    .filter((name) => !MEMBERS.includes(name))
    .map((name) => ({
      pointer: `/content/${name.slice(0, 200).replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: 'does not go with data; put it into metadata',
    }));
}
