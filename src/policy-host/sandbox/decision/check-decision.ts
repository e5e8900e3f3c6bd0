import {
  type Decision,
  type JsonPatchOp,
  type PatchOp,
  type PolicyHook,
  type RateLimit,
  type Redaction,
} from '@llama-orch/policy-sdk/abi';
import { Checked, type Members } from './checked.js';

/** Lengths in characters, numbers of entries. */
const MOST = {
  text: 1_000,
  pointer: 1_000,
  value: 8_192,
  name: 256,
  labels: 32,
  label: 256,
  patch: 64,
  jsonPatch: 128,
  redact: 64,
  key: 256,
} as const;
const MOST_RATE = 1_000_000;
const LONGEST_PERIOD_MS = 31 * 86_400_000;
const LABEL_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;

const DECISIONS: Readonly<Record<PolicyHook, readonly Decision['decision'][]>> = {
  on_request: ['allow', 'deny', 'modify', 'limit'],
  on_response: ['allow', 'deny', 'modify'],
  on_admission: ['allow', 'deny', 'modify'],
};

/** Patches that each hook may ask for. */
const PATCHES: Readonly<Record<PolicyHook, readonly PatchOp['op'][]>> = {
  on_request: ['setHeader', 'removeHeader', 'setQuery', 'removeQuery', 'setMethod', 'setUrl', 'json'],
  on_response: ['setHeader', 'removeHeader', 'json'],
  on_admission: ['setPriority', 'setLabel'],
};

/**
 * Reads the answer of a hook. Members that the ABI does not know are left out; a value that it does not know is an error.
 *
 * @throws Refusal that names the member and what it should be
 */
export function checkDecision(text: string, hook: PolicyHook): Decision {
  const answer = Checked.json(text);
  const decision = answer.oneOf('decision', DECISIONS[hook]);
  const checked = {
    decision,
    code: answer.optional('code', (members, name) => members.matching(name, /^[A-Z0-9_]{1,64}$/, 'A-Z, 0-9 and _')),
    reason: answer.optional('reason', (members, name) => members.text(name, MOST.text)),
    hint: answer.optional('hint', (members, name) => members.text(name, MOST.text)),
    labels: answer.optional('labels', labels),
    patch: answer.optional('patch', (members, name) => members.list(name, MOST.patch, (op) => patchOp(op, hook))),
    redact: answer.optional('redact', (members, name) => members.list(name, MOST.redact, redaction)),
    limit: answer.optional('limit', (members, name) => rateLimit(members.object(name))),
  };
  if (decision === 'deny') answer.required('code');
  if (decision === 'limit') answer.required('limit');
  if (hook !== 'on_request') answer.absent('limit');
  return withoutUndefined(checked) as Decision;
}

function labels(members: Members, name: string): Record<string, string> {
  const found = members.object(name);
  const names = found.names();
  if (names.length > MOST.labels) throw members.refusal(name, `at most ${MOST.labels} labels`);
  return Object.fromEntries(names.map((label) => [labelName(members, label), found.text(label, MOST.label)]));
}

function labelName(members: Members, name: string): string {
  if (!LABEL_NAME.test(name)) throw members.refusal('labels', 'named with letters, digits, . _ and -');
  return name;
}

function patchOp(op: Members, hook: PolicyHook): PatchOp {
  const kind = op.oneOf('op', PATCHES[hook]);
  switch (kind) {
    case 'setHeader':
    case 'setQuery':
      return { op: kind, name: op.text('name', MOST.name), value: op.text('value', MOST.value) };
    case 'setLabel':
      return {
        op: kind,
        name: op.matching('name', LABEL_NAME, 'a name of a label'),
        value: op.text('value', MOST.label),
      };
    case 'removeHeader':
    case 'removeQuery':
      return { op: kind, name: op.text('name', MOST.name) };
    case 'setMethod':
      return { op: kind, value: op.text('value', MOST.name) };
    case 'setPriority':
      return { op: kind, value: op.oneOf('value', ['interactive', 'batch'] as const) };
    case 'setUrl':
      return setUrl(op);
    case 'json':
      return { op: kind, patch: op.list('patch', MOST.jsonPatch, jsonOp) };
  }
}

function setUrl(op: Members): PatchOp {
  return withoutUndefined({
    op: 'setUrl' as const,
    scheme: op.optional('scheme', (members, name) => members.oneOf(name, ['http', 'https'] as const)),
    host: op.optional('host', (members, name) => members.text(name, MOST.name)),
    port: op.optional('port', (members, name) => members.whole(name, 1, 65_535)),
    path: op.optional('path', (members, name) => members.text(name, MOST.value)),
  }) as PatchOp;
}

function jsonOp(op: Members): JsonPatchOp {
  const kind = op.oneOf('op', ['add', 'replace', 'test', 'remove', 'move', 'copy'] as const);
  const path = op.text('path', MOST.pointer);
  if (kind === 'remove') return { op: kind, path };
  if (kind === 'move' || kind === 'copy') return { op: kind, from: op.text('from', MOST.pointer), path };
  return { op: kind, path, value: op.any('value') };
}

function redaction(one: Members): Redaction {
  const checked = {
    target: one.oneOf('target', ['audit', 'response'] as const),
    pointer: one.optional('pointer', (members, name) => members.text(name, MOST.pointer)),
    class: one.optional('class', (members, name) =>
      members.matching(name, /^[a-z0-9_.*-]{1,64}$/i, 'a class of findings'),
    ),
    how: one.oneOf('how', ['mask', 'hash', 'drop', 'tokenise'] as const),
  };
  if (checked.pointer === undefined && checked.class === undefined) one.required('class');
  return withoutUndefined(checked) as Redaction;
}

function rateLimit(limit: Members): RateLimit {
  return {
    key: limit.text('key', MOST.key),
    rate: limit.number('rate', Number.MIN_VALUE, MOST_RATE),
    perMs: limit.number('perMs', 1, LONGEST_PERIOD_MS),
    burst: limit.number('burst', 0, MOST_RATE),
    cost: limit.number('cost', 0, MOST_RATE),
  };
}

function withoutUndefined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Partial<Value>;
}
