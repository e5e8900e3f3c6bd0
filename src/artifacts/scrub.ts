import { type Redactor } from '../observability/redactor.js';
import { mapInTurns, nextTurn } from './in-turns.js';
import { type Json, type JsonObject, type NewArtifact } from './artifact.js';
import { type Binary, binaryIn, isText } from './binary.js';

/** An artifact without the secrets that were in it. */
export interface Scrubbed extends Pick<NewArtifact, 'content' | 'tags' | 'metadata'> {
  readonly redacted: boolean;
}

/** Takes secrets out of all that an artifact says. What stands under which name counts for nothing. */
export async function scrub(
  { content, tags, metadata, redacted: known }: NewArtifact,
  redactor: Redactor,
): Promise<Scrubbed> {
  if (known !== undefined) return { content, tags, metadata, redacted: known };
  const binary = binaryIn(content);
  const clean = {
    content:
      binary === undefined ? await scrubbedInTurns(content, redactor) : await bytesScrubbed(content, binary, redactor),
    tags: scrubbed(tags, redactor),
    metadata: scrubbed(metadata, redactor),
  };
  const redacted = clean.content !== content || clean.tags !== tags || clean.metadata !== metadata;
  return { ...clean, redacted };
}

/** Lists right inside of the content can be long. */
async function scrubbedInTurns(content: JsonObject, redactor: Redactor): Promise<JsonObject> {
  const before = new Map<Json, Json>();
  for (const member of Object.values(content)) {
    if (!Array.isArray(member)) continue;
    const items = member as readonly Json[];
    const clean = await mapInTurns(items, (item) => scrubbed(item, redactor));
    before.set(member, clean.every((item, at) => item === items[at]) ? items : clean);
  }
  return members(content, redactor, (member) => before.get(member) ?? scrubbed(member, redactor));
}

async function bytesScrubbed(content: JsonObject, binary: Binary, redactor: Redactor): Promise<JsonObject> {
  await nextTurn();
  const stream = redactor.stream(isText(binary) ? 'text' : 'bytes');
  const passed = stream.push(Buffer.from(binary.data, 'base64'));
  await nextTurn();
  const clean = Buffer.concat([passed, stream.end()]).toString('base64');
  return clean === binary.data ? content : { ...content, data: clean };
}

/** A copy without secrets, or the value itself where there are none. */
export function scrubbed<Value extends Json>(value: Value, redactor: Redactor): Value;
export function scrubbed(value: Json, redactor: Redactor): Json {
  if (typeof value === 'string') return redactor.content(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return list(value as readonly Json[], redactor);
  return members(value as JsonObject, redactor);
}

function list(items: readonly Json[], redactor: Redactor): readonly Json[] {
  const clean = items.map((item) => scrubbed(item, redactor));
  return clean.every((item, at) => item === items[at]) ? items : clean;
}

function members(
  object: JsonObject,
  redactor: Redactor,
  cleanOf = (member: Json): Json => scrubbed(member, redactor),
): JsonObject {
  let isChanged = false;
  const clean = new Map<string, Json>();
  for (const [name, member] of Object.entries(object)) {
    const [cleanName, cleanMember] = [redactor.content(name), cleanOf(member)];
    isChanged ||= cleanName !== name || cleanMember !== member;
    clean.set(unlike(clean, cleanName), cleanMember);
  }
  return isChanged ? Object.fromEntries(clean) : object;
}

/** Two names can be the same once their secrets are gone, and both members are to stay. */
function unlike(taken: ReadonlyMap<string, Json>, name: string): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}-${count}`;
  return free;
}
