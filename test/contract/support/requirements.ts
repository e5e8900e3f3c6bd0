import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const TEST_FOLDERS = ['src', 'test', 'sdk', 'plugins'];
const ID = /\b(?:ORCH-\d{4}|OC-[A-Z]+(?:-SDK)?-\d{4}|HME-\d{3}|FR-[A-Z]{2}-\d{3})(?:-v31)?\b/g;

type Level = 'must' | 'should' | 'may';

interface Index {
  readonly requirements: Record<string, Partial<Record<Level, Record<string, string>>>>;
}

/** Every requirement: id → level. */
export function requirementLevels(): ReadonlyMap<string, Level> {
  const index = parse(readFileSync(join(ROOT, 'contracts/requirements.yaml'), 'utf8')) as Index;
  return new Map(
    Object.values(index.requirements).flatMap((levels) =>
      Object.entries(levels).flatMap(([level, ids]) => Object.keys(ids).map((id) => [id, level as Level] as const)),
    ),
  );
}

/** The coverage report: id → the spec files that name it, both in order. */
export function coverage(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const file of specFiles()) {
    for (const id of idsIn(readFileSync(join(ROOT, file), 'utf8'))) files.set(id, [...(files.get(id) ?? []), file]);
  }
  return new Map([...files].sort(([a], [b]) => a.localeCompare(b)));
}

/** Requirement ids that a text names, each once. */
export function idsIn(text: string): string[] {
  return [...new Set(text.match(ID) ?? [])];
}

function specFiles(): string[] {
  return TEST_FOLDERS.flatMap((folder) => specFilesIn(join(ROOT, folder)))
    .map((file) => relative(ROOT, file))
    .sort();
}

function specFilesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return specFilesIn(path);
    return entry.name.endsWith('.spec.ts') ? [path] : [];
  });
}
