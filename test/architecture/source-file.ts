import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A file of the repository. */
export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** As written: `../kernel/clock.js`, `@nestjs/common`. */
  readonly specifier: string;
  /** The file that a relative specifier names, from the root; undefined for packages. */
  readonly target?: string;
  /** Gone after compilation. */
  readonly isTypeOnly: boolean;
}

const NOT_SOURCE = new Set(['node_modules', 'dist', '.git', 'coverage', '.cache', 'generated', 'shared']);

/** Every file below the folders whose name ends so, in order. */
export function filesIn(folders: readonly string[], ...endings: readonly string[]): SourceFile[] {
  return read(
    folders.flatMap((folder) => pathsIn(folder)),
    endings,
  );
}

/** The same for files that lie directly in the root. */
export function filesAtTop(...endings: readonly string[]): SourceFile[] {
  const entries = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isFile());
  return read(entries.map(({ name }) => name).sort(), endings);
}

function read(paths: readonly string[], endings: readonly string[]): SourceFile[] {
  return paths
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function pathsIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return NOT_SOURCE.has(entry.name) ? [] : pathsIn(path);
      return entry.isFile() ? [path] : [];
    });
}

/** Imports, re-exports, `import()` and `import('…')` types of a TypeScript file that name a literal. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, isTypeOnly: boolean) =>
    found.push({ specifier, isTypeOnly, ...targetOf(path, specifier) });
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && isText(node.moduleSpecifier))
      add(node.moduleSpecifier.text, isErased(node));
    else if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      isText(node.arguments[0])
    )
      add(node.arguments[0].text, false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && isText(node.argument.literal))
      add(node.argument.literal.text, true);
    ts.forEachChild(node, visit);
  };
  visit(parse({ path, text }));
  return found;
}

export function parse({ path, text }: SourceFile): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
}

function targetOf(path: string, specifier: string): Pick<Import, 'target'> {
  if (!specifier.startsWith('.')) return {};
  return { target: posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts') };
}

function isErased(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const names = clause.namedBindings;
  return (
    clause.name === undefined &&
    names !== undefined &&
    ts.isNamedImports(names) &&
    names.elements.every((name) => name.isTypeOnly)
  );
}

function isText(node: ts.Node | undefined): node is ts.StringLiteralLike {
  return node !== undefined && ts.isStringLiteralLike(node);
}
