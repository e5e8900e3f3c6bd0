import { ERRORS, type ErrorCode, problemType } from '../kernel/errors.js';
import { type OpenApiDocument } from './contract.js';

/** The documents as they are served: each stands alone, so what the control plane borrows is copied in. */
export function servedDocuments(data: OpenApiDocument, control: OpenApiDocument): ReadonlyMap<string, string> {
  return new Map([
    ['data.json', JSON.stringify(data)],
    ['control.json', JSON.stringify(withBorrowed(control, data))],
  ]);
}

function withBorrowed(control: OpenApiDocument, data: OpenApiDocument): object {
  const own = JSON.parse(JSON.stringify(control).replaceAll('./orchqueue.yaml#', '#')) as { components: Sections };
  const lent = data.components as unknown as Sections;
  const sections = [...new Set([...Object.keys(own.components), ...Object.keys(lent)])];
  const components = Object.fromEntries(sections.map((name) => [name, { ...lent[name], ...own.components[name] }]));
  return { ...own, components };
}

type Sections = Record<string, Record<string, unknown>>;

/** The page of one error code, by the last part of its `type`; undefined for an unknown one. */
export function problemPage(slug: string): string | undefined {
  const code = (Object.keys(ERRORS) as ErrorCode[]).find((candidate) => problemType(candidate) === `/problems/${slug}`);
  if (code === undefined) return undefined;
  const { status, retriable, title, help } = ERRORS[code];
  return `${code}: ${title}\nStatus ${status}, ${retriable ? 'retriable' : 'not retriable'}.\n${help}\n`;
}
