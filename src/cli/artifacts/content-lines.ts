import { type ArtifactBytes } from '@llama-orch/client';
import { fileOfContent } from './file-content.js';

/** More than this is not compared. */
const MOST_BYTES = 4 * 1024 * 1024;

/** An artifact as lines: its text, or its JSON with one member a line. Undefined for bytes that are no text, or too many. */
export function linesOf({ bytes, mediaType }: ArtifactBytes): readonly string[] | undefined {
  if (bytes.length > MOST_BYTES) return undefined;
  if (!/^(?:text\/|application\/json)/.test(mediaType)) return undefined;
  const file = Buffer.from(fileOfContent(bytes, mediaType)).toString('utf8');
  const isJson = mediaType.startsWith('application/json') && file === Buffer.from(bytes).toString('utf8');
  return (isJson ? JSON.stringify(JSON.parse(file), null, 2) : file).split('\n');
}
