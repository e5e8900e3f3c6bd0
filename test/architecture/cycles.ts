import { roomOf } from './floors.js';
import { importsOf, type SourceFile } from './source-file.js';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Rooms of `src/` that import each other, also in a ring: `a → b → a`. */
export function roomCycles(files: readonly SourceFile[]): string[] {
  return cyclesOf(graphOf(files, (path) => roomOf(path)));
}

/** Files that need each other to load. Types are gone by then, so they do not count. */
export function fileCycles(files: readonly SourceFile[]): string[] {
  return cyclesOf(graphOf(files, (path) => path, true));
}

function graphOf(
  files: readonly SourceFile[],
  nameOf: (path: string) => string | undefined,
  loadedOnly = false,
): Graph {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const from = nameOf(file.path);
    for (const { target, isTypeOnly } of importsOf(file)) {
      const to = target === undefined || (loadedOnly && isTypeOnly) ? undefined : nameOf(target);
      if (from === undefined || to === undefined || from === to) continue;
      graph.set(from, (graph.get(from) ?? new Set()).add(to));
    }
  }
  return graph;
}

function cyclesOf(graph: Graph): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const walk = (node: string, trail: readonly string[]): void => {
    if (trail.includes(node)) found.add([...trail.slice(trail.indexOf(node)), node].join(' → '));
    if (trail.includes(node) || done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return [...found];
}
