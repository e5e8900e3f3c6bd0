import { ERRORS, type ErrorCode, problemType } from '../kernel/errors.js';

/** The page of one error code, by the last part of its `type`; undefined for an unknown one. */
export function problemPage(slug: string): string | undefined {
  const code = (Object.keys(ERRORS) as ErrorCode[]).find((candidate) => problemType(candidate) === `/problems/${slug}`);
  if (code === undefined) return undefined;
  const { status, retriable, title, help } = ERRORS[code];
  return `${code}: ${title}\nStatus ${status}, ${retriable ? 'retriable' : 'not retriable'}.\n${help}\n`;
}
