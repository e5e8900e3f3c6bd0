import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';
import { maskSecrets } from './mask-secrets.js';
import { type Path } from './path.js';
import { type ConfigProblem, type Position } from './problem.js';

const MAX_BYTES = 1024 * 1024;
const MAX_ALIASES = 100;

/** A configuration file that was read: its values, and where each of them stands. */
export interface ConfigDocument {
  /** Name of the file as messages show it. */
  readonly file: string;
  /** The value of the file; undefined when it cannot be told. */
  readonly data: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Where the value stands, or the nearest value around it. */
  positionOf(path: Path): Position;
  /** Where the key of a member stands. */
  positionOfKey(path: Path, key: string): Position;
}

type PositionAt = (offset: number) => Position;

/** Reads YAML 1.2 text. Whatever is wrong with it becomes a problem with its position. */
export function readDocument(file: string, source: string): ConfigDocument {
  const bytes = Buffer.byteLength(source);
  if (bytes > MAX_BYTES) return tooLarge(file, bytes);
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true, version: '1.2', prettyErrors: false });
  const at: PositionAt = (offset) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, text: maskSecrets(source.split(/\r?\n/)[line - 1] ?? '') };
  };
  const fatal = [...syntaxProblems(document, at), ...aliasProblems(document, at)];
  return {
    file,
    data: fatal.length > 0 ? undefined : (valueOf(document) ?? {}),
    problems: [...fatal, ...duplicateProblems(document, at)],
    positionOf: (path) => at(nearestNode(document, path)?.range?.[0] ?? 0),
    positionOfKey: (path, key) => at(keyOffset(document, path, key)),
  };
}

function tooLarge(file: string, bytes: number): ConfigDocument {
  const start: Position = { file, line: 1, column: 1, text: '' };
  const problem = { path: '', source: file, message: `has ${bytes} bytes`, expected: `at most ${MAX_BYTES} bytes` };
  return { file, data: undefined, problems: [problem], positionOf: () => start, positionOfKey: () => start };
}

function syntaxProblems(document: Document, at: PositionAt): ConfigProblem[] {
  return document.errors
    .filter((error) => error.code !== 'DUPLICATE_KEY')
    .map((error) => ({ path: '', message: `not valid YAML: ${error.message}`, position: at(error.pos[0]) }));
}

function duplicateProblems(document: Document, at: PositionAt): ConfigProblem[] {
  return document.errors
    .filter((error) => error.code === 'DUPLICATE_KEY')
    .map((error) => ({ path: '', message: 'duplicate key', expected: 'each key once', position: at(error.pos[0]) }));
}

function aliasProblems(document: Document, at: PositionAt): ConfigProblem[] {
  let aliases = 0;
  let beyond: Node | undefined;
  visit(document, {
    Alias(_key, node) {
      aliases += 1;
      if (aliases > MAX_ALIASES) beyond ??= node;
    },
  });
  if (beyond === undefined && (aliases === 0 || !explodes(document))) return [];
  const expected = `at most ${MAX_ALIASES} aliases, each counted as often as it is repeated by others`;
  return [{ path: '', message: 'too many YAML aliases', expected, position: at(beyond?.range?.[0] ?? 0) }];
}

/** A few aliases of aliases can stand for billions of values; the parser counts those and refuses. */
function explodes(document: Document): boolean {
  try {
    valueOf(document);
    return false;
  } catch {
    return true;
  }
}

function valueOf(document: Document): unknown {
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}

function nearestNode(document: Document, path: Path): Node | undefined {
  let node = resolved(document, document.contents);
  for (const step of path) {
    const next = child(document, node, step);
    if (next === undefined) break;
    node = next;
  }
  return node;
}

function keyOffset(document: Document, path: Path, key: string): number {
  const around = nearestNode(document, path);
  const keyNode = pairOf(around, key)?.key;
  return (isScalar(keyNode) ? keyNode.range?.[0] : undefined) ?? around?.range?.[0] ?? 0;
}

function child(document: Document, node: Node | undefined, step: string | number): Node | undefined {
  if (isSeq(node)) return resolved(document, node.items[Number(step)]);
  return resolved(document, pairOf(node, step)?.value);
}

function pairOf(node: Node | undefined, key: string | number) {
  if (!isMap(node)) return undefined;
  return node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
}

function resolved(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
}
