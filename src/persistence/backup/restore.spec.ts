import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LocalStore } from '../../../test/support/local-store.js';
import { sessionUnit } from '../../../test/support/store-rig.js';
import { storePath } from '../store/connection-path.js';
import { backUp } from './back-up.js';
import { filesBelow } from './copy.js';
import { type BackupPlaces } from './places.js';
import { restore } from './restore.js';

const CONTENT = 'a content';
const HEX = createHash('sha256').update(CONTENT).digest('hex');
const NOW = 1_800_000_000_000;
const noDaemon = () => Promise.reject(new Error('no daemon was to be asked'));

let folder: string;
let places: BackupPlaces;
const target = () => join(folder, 'backup');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-restore-'));
  const data = join(folder, 'data');
  places = {
    data,
    parts: {
      audit: join(data, 'audit'),
      keys: join(data, 'keys'),
      policies: join(data, 'policies'),
      catalog: join(data, 'catalog', 'entries'),
      artifacts: join(folder, 'elsewhere', 'blobs'),
    },
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A data folder with a session, an artifact elsewhere, and what is not worth keeping. */
async function used(): Promise<void> {
  mkdirSync(places.data);
  const store = await LocalStore.open(places.data);
  await store.write(sessionUnit(7));
  store.connection.db.exec(`INSERT INTO artifact_rows
    (tenant_id, artifact_id, kind, tags, metadata, created_ms, size_bytes, redacted, is_kept, lineage)
    VALUES ('default', 'sha256:${HEX}', 'plan', '[]', '{}', 1, 9, 0, 0, 'root')`);
  await store.close();
  put(join(places.parts.artifacts, HEX.slice(0, 2), HEX), CONTENT);
  put(join(places.parts.catalog, 'qwen-1', 'entry.json'), '{}');
  put(join(places.data, 'engines', 'large'), 'can be had again');
}

const back = () => backUp({ places, target: target(), epochMs: NOW, softwareVersion: '1.0.0', askDaemon: noDaemon });
const forth = (force = false) => restore({ places, backup: target(), force, epochMs: NOW });

async function turns(): Promise<unknown> {
  const store = await LocalStore.open(places.data);
  const rows = await store.read<{ turns: number }>('allSessions');
  await store.close();
  return rows.map((row) => row.turns);
}

describe('restore', () => {
  it('puts everything back where the config has it, and nothing else (HME-051)', async () => {
    await used();
    expect(await back()).toMatchObject({ source: 'files', badArtifacts: 0, audit: undefined });
    for (const lost of [places.data, join(folder, 'elsewhere')]) rmSync(lost, { recursive: true });
    expect((await forth()).movedAside).toEqual([]);
    expect(await filesBelow(places.data)).toEqual(['catalog/entries/qwen-1/entry.json', 'store.db']);
    expect(readFileSync(join(places.parts.artifacts, HEX.slice(0, 2), HEX), 'utf8')).toBe(CONTENT);
    expect(await turns()).toEqual([7]);
  });

  it('moves aside what is in the way when it is forced to, also a store that cannot be read (HME-051)', async () => {
    await used();
    await back();
    writeFileSync(storePath(places.data), 'damaged');
    await expect(forth()).rejects.toThrow(/is not empty; give --force/);
    const { movedAside } = await forth(true);
    expect(movedAside.map((path) => path.startsWith(folder) && existsSync(path))).toEqual([true, true]);
    expect(readFileSync(join(movedAside.at(-1)!, 'engines', 'large'), 'utf8')).toBe('can be had again');
    expect(await turns()).toEqual([7]);
  });

  it('takes no backup of a newer llama-orch (HME-051)', async () => {
    await used();
    const store = await LocalStore.open(places.data);
    store.connection.db.pragma('user_version = 999');
    await store.close();
    await expect(back()).rejects.toThrow(/version 999/);
    expect(existsSync(target())).toBe(false);
    expect(await filesBelow(folder)).not.toContainEqual(expect.stringContaining('.part'));
  });
});

describe('backup', () => {
  it('tells of artifacts that have no content, or another one (HME-051)', async () => {
    await used();
    writeFileSync(join(places.parts.artifacts, HEX.slice(0, 2), HEX), 'rotten');
    expect((await back()).badArtifacts).toBe(1);
  });

  it('of a damaged database is refused, and leaves nothing behind (HME-051)', async () => {
    await used();
    const bytes = readFileSync(storePath(places.data));
    writeFileSync(
      storePath(places.data),
      Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0x5a)]),
    );
    await expect(back()).rejects.toThrow(/damaged|malformed/);
    expect(existsSync(target())).toBe(false);
  });
});
