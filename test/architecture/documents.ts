import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { ROOT, type SourceFile } from './source-file.js';

/** A fenced block of a Markdown file. */
export interface CodeBlock {
  /** Where it begins: `README.md:12`. */
  readonly at: string;
  /** First word behind the fence. */
  readonly language: string;
  readonly text: string;
}

const FENCE = /^```(\w*)[^\n]*\n(.*?)^```$/gms;
const LINK = /\]\(([^)\s]+)\)/g;
const OUTSIDE = /^[a-z]+:/;

export function codeBlocksOf({ path, text }: SourceFile): CodeBlock[] {
  return [...text.matchAll(FENCE)].map(({ index, 1: language = '', 2: code = '' }) => ({
    at: `${path}:${text.slice(0, index).split('\n').length}`,
    language,
    text: code,
  }));
}

/** Text without its code blocks: what is shown there is no prose. */
export function proseOf({ text }: SourceFile): string {
  return text.replaceAll(FENCE, '');
}

/** One sentence per link into the repository that leads nowhere. */
export function brokenLinks(file: SourceFile): string[] {
  return linksOf(file).flatMap((link) => {
    const problem = problemOf(link, file);
    return problem === undefined ? [] : [`${file.path} links to ${link}: ${problem}`];
  });
}

/** Headings in the form in which links name them. */
export function anchorsOf(file: SourceFile): string[] {
  return [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Texts of the headings of one level, in order. */
export function headingsOf({ text }: SourceFile, level: number): string[] {
  const marks = '#'.repeat(level);
  return [...text.matchAll(new RegExp(`^${marks} (.+)$`, 'gm'))].map(([, heading = '']) => heading);
}

/** Rows of all tables of a file, without their heads; each a list of its cells. */
export function tableRowsOf({ text }: SourceFile): string[][] {
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  const isRule = (line: string | undefined) => line !== undefined && /^\|[ :|-]+\|$/.test(line);
  return rows.filter((line, index) => !isRule(line) && !isRule(rows[index + 1])).map(cellsOf);
}

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function linksOf(file: SourceFile): string[] {
  return [...proseOf(file).matchAll(LINK)].map(([, link = '']) => link).filter((link) => !OUTSIDE.test(link));
}

function problemOf(link: string, file: SourceFile): string | undefined {
  const [target = '', anchor] = link.split('#');
  if (target === '') return missingAnchor(file, anchor);
  const path = posix.join(posix.dirname(file.path), target);
  if (path.startsWith('..')) return 'it leaves the repository';
  const absolute = join(ROOT, path);
  if (!existsSync(absolute)) return 'nothing is there';
  if (anchor === undefined) return undefined;
  if (!statSync(absolute).isFile()) return 'a folder has no headings';
  return missingAnchor({ path, text: readFileSync(absolute, 'utf8') }, anchor);
}

function missingAnchor(file: SourceFile, anchor: string | undefined): string | undefined {
  return anchor !== undefined && anchorsOf(file).includes(anchor) ? undefined : 'it has no such heading';
}
