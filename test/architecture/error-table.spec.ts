import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ERRORS, problemType } from '../../src/kernel/errors.js';
import { filesIn, ROOT, type SourceFile } from './source-file.js';

const codes = Object.keys(ERRORS).sort();

interface Contract {
  readonly components: { readonly schemas: { readonly ErrorCode: { readonly enum: readonly string[] } } };
}

/** A document that lists codes in a table lists all of them; one sentence for each that does not. */
function incompleteTables(documents: readonly SourceFile[], known: readonly string[]): string[] {
  return documents.flatMap(({ path, text }) => {
    const listed = [...text.matchAll(/^\|\s*`([A-Z_]+)`\s*\|/gm)].map(([, code]) => code ?? '');
    if (!listed.some((code) => known.includes(code))) return [];
    const wrong = [
      ...known.filter((code) => !listed.includes(code)),
      ...listed.filter((code) => !known.includes(code)),
    ];
    return wrong.map((code) => `${path} and the table of codes differ in ${code}`);
  });
}

it('the contract lists the codes of the one table, no more and no fewer (ORCH-4301)', () => {
  const contract = parse(readFileSync(join(ROOT, 'contracts/openapi/orchqueue.yaml'), 'utf8')) as Contract;
  expect([...contract.components.schemas.ErrorCode.enum].sort()).toEqual(codes);
});

it('documents that list the codes list all of them (ORCH-4301)', () => {
  const readme = existsSync(join(ROOT, 'README.md'))
    ? [{ path: 'README.md', text: readFileSync(join(ROOT, 'README.md'), 'utf8') }]
    : [];
  expect(incompleteTables([...readme, ...filesIn(['docs'], '.md')], codes)).toEqual([]);
});

it('a document that leaves one out, or makes one up, is found', () => {
  const text = '| Code | HTTP |\n|---|---|\n| `A` | 400 |\n| `C` | 400 |\n';
  expect(incompleteTables([{ path: 'docs/errors.md', text }], ['A', 'B'])).toEqual([
    'docs/errors.md and the table of codes differ in B',
    'docs/errors.md and the table of codes differ in C',
  ]);
});

it('every code has a page of its own, a title, and says what to do (ORCH-4301)', () => {
  const pages = Object.keys(ERRORS).map((code) => problemType(code as keyof typeof ERRORS));
  expect(new Set(pages).size).toBe(codes.length);
  for (const page of pages) expect(page).toMatch(/^\/problems\/[a-z]+(-[a-z]+)*$/);
  for (const { title, help, status } of Object.values(ERRORS)) {
    expect(title).not.toBe('');
    expect(help).toMatch(/\.$/);
    expect(status).toBeGreaterThanOrEqual(400);
  }
});
