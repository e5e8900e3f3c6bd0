import { ApiError, type ArtifactRecord, type Client } from '@llama-orch/client';

/** An artifact in its line: how far below the oldest ancestor it stands. */
export interface Related {
  readonly depth: number;
  readonly record: ArtifactRecord;
}

const MOST_ANCESTORS = 1_000;
const MOST_DESCENDANTS = 1_000;

/** The ancestors of an artifact from the oldest on, itself, and all that was made from it. */
export async function lineageOf(client: Client, id: string): Promise<readonly Related[]> {
  const line = [await recordOf(client, id)];
  while (line.length < MOST_ANCESTORS) {
    const parent = await parentOf(client, line[0]!);
    if (parent === undefined) break;
    line.unshift(parent);
  }
  const related = line.map((record, depth): Related => ({ record, depth }));
  await addDescendants(client, related, new Set(line.map((record) => record.id)));
  return related;
}

async function recordOf(client: Client, id: string): Promise<ArtifactRecord> {
  const { items } = await client.artifactRecords(id, { limit: 1 });
  return items[0]!;
}

/** Undefined at the beginning of the line, and where the retention has ended what stood there. */
async function parentOf(client: Client, { parent }: ArtifactRecord): Promise<ArtifactRecord | undefined> {
  if (parent === null) return undefined;
  try {
    return await recordOf(client, parent);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** Depth first, behind the last of the list. */
async function addDescendants(client: Client, related: Related[], known: Set<string>): Promise<void> {
  const { record, depth } = related.at(-1)!;
  let cursor: string | undefined;
  do {
    const page = await client.artifacts({ parent: record.id, limit: 200, cursor });
    for (const child of page.items) {
      if (known.has(child.id) || known.size >= MOST_DESCENDANTS) continue;
      known.add(child.id);
      related.push({ record: child, depth: depth + 1 });
      await addDescendants(client, related, known);
    }
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}
