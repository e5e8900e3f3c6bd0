import { invalidParams } from '../kernel/errors.js';

/** A parameter that is sent twice arrives as a list. @throws AppError 400 */
export function refuseRepeated(query: object): void {
  const repeated = Object.entries(query).filter(([, value]) => typeof value !== 'string');
  if (repeated.length > 0)
    throw invalidParams(repeated.map(([name]) => ({ pointer: `/${name}`, message: 'must be sent once' })));
}

/** Items of a page. @throws AppError 400 */
export function limitOf(text: string | undefined): number {
  if (text === undefined) return 50;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 200) throw invalidParams([{ pointer: '/limit', message: 'must be 1 to 200' }]);
  return limit;
}

/** The id that a cursor stands for. @throws AppError 400 when `parse` does not know it */
export function idInCursor<Id>(cursor: string, parse: (text: string) => Id | undefined): Id {
  const id = parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (id !== undefined) return id;
  throw invalidParams([{ pointer: '/cursor', message: 'must be the next_cursor of an earlier page' }]);
}

export function cursorAfter(id: string): string {
  return Buffer.from(id).toString('base64url');
}
