import { type FetchErrorKind } from './fetch-error.js';
import { type Validators } from './part.js';

/** What was asked for, and what is here. */
export interface Asked {
  /** First byte that was asked for; undefined: the whole file. */
  readonly from: number | undefined;
  readonly held: number;
  readonly known: Validators;
  /** As the source told it. */
  readonly sizeBytes: number | undefined;
}

/** What to do with an answer to a question for a file. */
export type AnswerPlan =
  /** Its bytes go on where the file here ends; there are `length` of them, if it says so. */
  | { readonly type: 'go-on'; readonly validators: Validators; readonly length: number | undefined }
  | { readonly type: 'from-the-start'; readonly validators: Validators; readonly length: number | undefined }
  | { readonly type: 'complete' }
  /** Ranges of this server are not to be believed, or the file is another one: ask for all of it. */
  | { readonly type: 'ask-for-all'; readonly why: string }
  | { readonly type: 'try-again'; readonly why: string; readonly waitMs: number | undefined }
  /** The key may be too old. */
  | { readonly type: 'ask-anew'; readonly why: string }
  | { readonly type: 'give-up'; readonly kind: FetchErrorKind; readonly why: string };

export type AnswerHead = {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
};

const CONTENT_RANGE = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(\d{1,16}|\*)$/i;
const LONGEST_WAIT_S = 60;

/** Says what an answer is good for. Nothing in it is believed that does not fit what is known. */
export function planFor(head: AnswerHead, asked: Asked): AnswerPlan {
  const { status } = head;
  if (status === 206) return planForRange(head, asked);
  if (status === 200) return planForAll(head, asked);
  if (status === 416) return planForNoRange(head, asked);
  const why = `the source answered ${status}`;
  if (status === 401 || status === 403) return { type: 'ask-anew', why };
  if (status === 404 || status === 410) return { type: 'give-up', kind: 'missing', why };
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return { type: 'try-again', why, waitMs: retryAfterMs(head) };
  return { type: 'give-up', kind: 'broken_off', why };
}

function planForRange(head: AnswerHead, { from, held, known, sizeBytes }: Asked): AnswerPlan {
  if (from === undefined) return { type: 'try-again', why: 'the source gave a part, unasked', waitMs: undefined };
  const range = rangeOf(head);
  const validators = validatorsOf(head, range?.total ?? null);
  const total = sizeBytes ?? known.total ?? undefined;
  const fits = range?.first === from && from === held && (total === undefined || (range.total ?? total) === total);
  if (!fits) return { type: 'ask-for-all', why: 'the source gave another part than the one that was asked for' };
  if (isAnother(validators, known)) return { type: 'ask-for-all', why: 'the file changed at its source' };
  const { etag, lastModified } = known;
  const kept = { etag: validators.etag ?? etag, lastModified: validators.lastModified ?? lastModified };
  const length = range.last! - from + 1;
  return { type: 'go-on', validators: { ...kept, total: range.total ?? total ?? null }, length };
}

function planForAll(head: AnswerHead, { sizeBytes }: Asked): AnswerPlan {
  const announced = numberIn(headerOf(head, 'content-length'));
  if (announced !== undefined && sizeBytes !== undefined && announced !== sizeBytes) {
    const why = `the source lists ${sizeBytes} bytes and gives ${announced}`;
    return { type: 'give-up', kind: 'changed', why };
  }
  const validators = validatorsOf(head, announced ?? sizeBytes ?? null);
  return { type: 'from-the-start', validators, length: announced };
}

/** Nothing is left to be asked for, or the file became shorter. */
function planForNoRange(head: AnswerHead, { from, held, sizeBytes }: Asked): AnswerPlan {
  const total = rangeOf(head)?.total;
  const isAll = from !== undefined && total === held && (sizeBytes === undefined || sizeBytes === held);
  if (isAll) return { type: 'complete' };
  if (from === undefined) return { type: 'give-up', kind: 'broken_off', why: 'the source answered 416' };
  return { type: 'ask-for-all', why: 'the source has no such part' };
}

/** One tag that differs tells more than two dates that agree. */
function isAnother(now: Validators, before: Validators): boolean {
  if (now.etag !== null && before.etag !== null) return strong(now.etag) !== strong(before.etag);
  const bothDated = now.lastModified !== null && before.lastModified !== null;
  return bothDated && now.lastModified !== before.lastModified;
}

/** What `If-Range` may hold: weak tags prove nothing about bytes. */
export function conditionOf({ etag, lastModified }: Validators): string | undefined {
  return etag !== null && !etag.startsWith('W/') ? etag : (lastModified ?? undefined);
}

function strong(etag: string): string {
  return etag.replace(/^W\//, '');
}

function validatorsOf(head: AnswerHead, total: number | null): Validators {
  return { etag: headerOf(head, 'etag') ?? null, lastModified: headerOf(head, 'last-modified') ?? null, total };
}

function rangeOf(head: AnswerHead): { first?: number; last?: number; total?: number } | undefined {
  const found = CONTENT_RANGE.exec(headerOf(head, 'content-range') ?? '');
  if (found === null) return undefined;
  const [first, last, total] = found.slice(1).map(numberIn);
  if (first !== undefined && (last! < first || (total !== undefined && last! >= total))) return undefined;
  return { ...(first === undefined ? {} : { first, last: last! }), ...(total === undefined ? {} : { total }) };
}

function retryAfterMs(head: AnswerHead): number | undefined {
  const seconds = numberIn(headerOf(head, 'retry-after'));
  return seconds === undefined ? undefined : Math.min(seconds, LONGEST_WAIT_S) * 1_000;
}

function headerOf({ headers }: AnswerHead, name: string): string | undefined {
  return headers.find(([one]) => one === name)?.[1];
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
