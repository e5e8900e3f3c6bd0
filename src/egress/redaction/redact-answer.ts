import { type Redaction } from '@llama-orch/policy-sdk/abi';
import { type Header } from '../dial/exchange.js';
import { isJsonType, textBodyOf, UNREADABLE, valueOf } from '../findings/text-body.js';
import { hidden, type HidingKey } from './hidden.js';
import { type Work } from '../findings/work.js';
import { hiddenJsonWork, hiddenText, hiddenTextWork, type HidingRule } from './redact-text.js';

/** What a caller would get. */
export interface Answer {
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  /** The body was cut. */
  readonly truncated: boolean;
}

/** Something has to be hidden and cannot be found for sure. */
export class RedactionFailed extends Error {
  override readonly name = 'RedactionFailed';
}

/** What of a policy's redactions is about the answer. */
export function rulesOf(redactions: readonly Redaction[], target: Redaction['target']): readonly HidingRule[] {
  return redactions.filter((redaction) => redaction.target === target);
}

/**
 * Carries redactions out. A pointer leads into the body (`/user/email`), or to a header (`/headers/x-name`); the form that
 * findings have (`/body/user/email`) is understood too.
 * @throws RedactionFailed when the body may hold what has to be hidden and cannot be read: it is withheld then
 */
export function* redactedAnswer(answer: Answer, rules: readonly HidingRule[], key: HidingKey): Work<Answer> {
  if (rules.length === 0) return answer;
  const body = yield* redactedBody(answer, rules, key);
  return { ...answer, headers: redactedHeaders(answer.headers, rules, key), body };
}

function redactedHeaders(headers: readonly Header[], rules: readonly HidingRule[], key: HidingKey): readonly Header[] {
  return headers.flatMap(([name, value]): Header[] => {
    const rule = rules.find(({ pointer }) => pointer !== undefined && headerOf(pointer) === name);
    if (rule?.how === 'drop') return [];
    return [[name, rule === undefined ? hiddenText(value, rules, key) : hidden(value, rule.how, key)]];
  });
}

function* redactedBody(
  { headers, body, truncated }: Answer,
  rules: readonly HidingRule[],
  key: HidingKey,
): Work<Uint8Array> {
  const forBody = rules.flatMap(inBody);
  if (forBody.length === 0 || body.length === 0) return body;
  const type = valueOf(headers, 'content-type');
  const read = textBodyOf(body, type);
  if (read === UNREADABLE) throw new RedactionFailed('the answer has an encoding that redactions cannot read');
  if (read === undefined) return body;
  const json = yield* hiddenJsonWork(read.text, forBody, key);
  if (json !== undefined) return read.encode(json);
  const hasPlaces = forBody.some(({ pointer }) => pointer !== undefined);
  if (hasPlaces && (isJsonType(type) || truncated || /^\s*[[{]/.test(read.text)))
    throw new RedactionFailed(
      'the answer is no whole JSON document, so a place in it cannot be hidden; raise max_bytes',
    );
  return read.encode(yield* hiddenTextWork(read.text, forBody, key));
}

/** A rule with its pointer as it leads into the body; both readings count where there are two. */
function inBody(rule: HidingRule): HidingRule[] {
  const { pointer } = rule;
  if (pointer === undefined) return [rule];
  if (headerOf(pointer) !== undefined) return [];
  const bare = /^(?:\/response)?\/body(?:\/value)?(?=\/|$)(.*)$/s.exec(pointer)?.[1];
  return bare === undefined
    ? [rule]
    : [rule, { ...rule, pointer: bare }, { ...rule, pointer: pointer.replace(/^\/response\/body|^\/body/, '') }];
}

function headerOf(pointer: string): string | undefined {
  return /^(?:\/response)?\/headers\/([^/]+)$/.exec(pointer)?.[1]?.toLowerCase();
}
