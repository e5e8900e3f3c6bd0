import { hash } from 'node:crypto';
import { extname } from 'node:path';
import { canonicalJson } from '../../kernel/canonical-json.js';

/** Content of an artifact, as JSON text. */
export interface FileContent {
  readonly json: string;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ...{ '.png': 'image/png', '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.gif': 'image/gif', '.webp': 'image/webp' },
  ...{ '.pdf': 'application/pdf', '.zip': 'application/zip', '.gz': 'application/gzip', '.wasm': 'application/wasm' },
};
const UNKNOWN_TYPE = 'application/octet-stream';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The content that stands for a file: a JSON object as it is, other text as `{text}`, anything else as bytes with their media
 * type. @param mediaType makes bytes of it in any case
 */
export function contentOfFile(bytes: Uint8Array, name: string, mediaType?: string): FileContent {
  const text = mediaType === undefined ? textOf(bytes) : undefined;
  if (text === undefined) {
    const media_type = mediaType ?? MEDIA_TYPES[extname(name).toLowerCase()] ?? UNKNOWN_TYPE;
    return { json: JSON.stringify({ media_type, encoding: 'base64', data: Buffer.from(bytes).toString('base64') }) };
  }
  return { json: isObject(text) ? text : JSON.stringify({ text }) };
}

/** What a file gets back: the bytes, the text, or the JSON. */
export function fileOfContent(bytes: Uint8Array, mediaType: string): Uint8Array {
  if (!mediaType.startsWith('application/json')) return bytes;
  const content = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
  const { text, ...others } = content;
  return typeof text === 'string' && Object.keys(others).length === 0 ? Buffer.from(text) : bytes;
}

/** The id that this content has where nothing is taken out of it. */
export function idOf(kind: string, { json }: FileContent): string {
  return `sha256:${hash('sha256', canonicalJson({ kind, content: JSON.parse(json) as unknown }))}`;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function isObject(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
