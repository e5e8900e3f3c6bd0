import { type PolicyErrorCode } from '../../../src/policy-host/policy-error.js';
import { type PolicyLimits } from '../../../src/policy-host/limits.js';
import { answering, doing, policyOf, type PolicyText } from '../modules.js';

/** A module that wants something it must not have, and what it gets instead. */
export interface Hostile {
  readonly name: string;
  readonly module: () => Promise<Uint8Array<ArrayBuffer>>;
  readonly code: PolicyErrorCode;
  readonly limits?: Partial<PolicyLimits>;
}

const LOOP = '(loop $again (br $again))';
const BLOCK_IS = (size: string): string => `(loop $again (drop (call $alloc (i64.const ${size}))) (br $again))`;

/** Modules that load, and go wrong when they are asked. */
export const HOSTILE_CALLS: readonly Hostile[] = [
  { name: 'an infinite loop', code: 'POLICY_FUEL', module: () => doing(LOOP) },
  {
    name: 'an allow before an infinite loop',
    code: 'POLICY_FUEL',
    module: () => doing(`(call $answer %allow) ${LOOP}`),
  },
  {
    name: 'a recursion without end that does nothing else',
    code: 'POLICY_FUEL',
    module: () => doing('(call $deeper (i32.const 0))', { more: DEEPER_BY_LOOP }),
  },
  {
    name: 'a memory that grows until it may not',
    code: 'POLICY_MEMORY',
    module: () =>
      doing('(loop $more (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (br $more))'),
  },
  {
    name: 'a memory that asks for more for ever',
    code: 'POLICY_FUEL',
    module: () => doing('(loop $more (drop (memory.grow (i32.const 1))) (br $more))'),
  },
  {
    name: 'a memory that asks for less than nothing for ever, so that growing would pay fuel back',
    code: 'POLICY_FUEL',
    module: () => doing('(loop $more (drop (memory.grow (i32.const -1))) (br $more))'),
  },
  {
    name: 'fills of more than there is, whose price is no number of 32 bits',
    code: 'POLICY_FUEL',
    module: () => doing('(memory.fill (i32.const 0) (i32.const 0) (i32.const -1))'),
  },
  {
    name: 'a loop of its own warm-up, which has fuel of its own when the host asks for it',
    code: 'POLICY_FUEL',
    module: () => doing('(loop $again (drop (call $warm)) (br $again))', { more: WARM_UP }),
  },
  { name: 'host blocks of one byte for ever', code: 'POLICY_MEMORY', module: () => doing(BLOCK_IS('1')) },
  { name: 'host blocks of 16 MiB for ever', code: 'POLICY_MEMORY', module: () => doing(BLOCK_IS('16777216')) },
  { name: 'a host block of less than nothing', code: 'POLICY_MEMORY', module: () => doing(BLOCK_IS('-1')) },
  { name: 'a host block of 2^62 bytes', code: 'POLICY_MEMORY', module: () => doing(BLOCK_IS('4611686018427387904')) },
  {
    name: 'a log without end',
    code: 'POLICY_FUEL',
    module: () =>
      doing(
        '(local $line i64) (local.set $line (call $block %line)) (loop $again (call $log_info (local.get $line)) (br $again))',
        { texts: { line: 'x'.repeat(200) } },
      ),
  },
  { name: 'a trap', code: 'POLICY_TRAP', module: () => doing('unreachable') },
  {
    name: 'a division by zero',
    code: 'POLICY_TRAP',
    module: () => doing('(drop (i32.div_u (i32.const 1) (i32.const 0)))'),
  },
  {
    name: 'a read outside of its memory',
    code: 'POLICY_TRAP',
    module: () => doing('(drop (i32.load (i32.const -8)))'),
  },
  {
    name: 'a stack that overflows',
    code: 'POLICY_STACK',
    module: () => doing('(call $deeper)', { more: '(func $deeper (call $deeper))' }),
    limits: { fuel: 1_000_000_000 },
  },
  { name: 'an answer that is not JSON', code: 'POLICY_BAD_OUTPUT', module: () => answering('{"decision":') },
  {
    name: 'an answer that is nested without end',
    code: 'POLICY_BAD_OUTPUT',
    module: () => answering('['.repeat(30_000)),
  },
  { name: 'an answer that is a number', code: 'POLICY_BAD_OUTPUT', module: () => answering('7') },
  { name: 'a decision that is a number', code: 'POLICY_BAD_OUTPUT', module: () => answering({ decision: 1 }) },
  { name: 'a decision that nobody knows', code: 'POLICY_BAD_OUTPUT', module: () => answering({ decision: 'maybe' }) },
  {
    name: 'a decision in a prototype',
    code: 'POLICY_BAD_OUTPUT',
    module: () => answering('{"__proto__":{"decision":"allow"}}'),
  },
  { name: 'a denial without a code', code: 'POLICY_BAD_OUTPUT', module: () => answering({ decision: 'deny' }) },
  {
    name: 'a code of 30,000 letters',
    code: 'POLICY_BAD_OUTPUT',
    module: () => answering({ decision: 'deny', code: 'A'.repeat(30_000) }),
  },
  {
    name: 'a patch without the right to patch',
    code: 'POLICY_BAD_OUTPUT',
    module: () => answering({ decision: 'modify', patch: [{ op: 'setHeader', name: 'x-a', value: '1' }] }),
  },
  {
    name: 'a patch that nobody knows',
    code: 'POLICY_BAD_OUTPUT',
    module: () => answering({ decision: 'modify', patch: [{ op: 'setEverything' }] }),
  },
  { name: 'no answer', code: 'POLICY_NO_OUTPUT', module: () => policyOf({ body: '' }) },
  {
    name: 'an answer of 1 MiB',
    code: 'POLICY_BAD_OUTPUT',
    module: () => doing('(call $output_set (call $alloc (i64.const 1048576)) (i64.const 1048576))'),
  },
  {
    name: 'an answer longer than its block',
    code: 'POLICY_TRAP',
    module: () => doing('(call $output_set (call $alloc (i64.const 8)) (i64.const 9))'),
  },
  {
    name: 'an answer in a block that is not there',
    code: 'POLICY_TRAP',
    module: () => doing('(call $output_set (i64.shl (i64.const 4000) (i64.const 48)) (i64.const 1))'),
  },
  {
    name: 'an error of its own',
    code: 'POLICY_GUEST_ERROR',
    module: () => doing('(call $error_set (call $block %oops))', { texts: { oops: 'oops' } }),
  },
];

const WARM_UP = '(func $warm (export "warmup") (result i32) (i32.const 0))';
const DEEPER_BY_LOOP = `(func $deeper (param i32) ${LOOP})`;

/** Modules that are refused before anything of them runs. */
export const HOSTILE_MODULES: readonly Hostile[] = [
  ...[
    'http_request',
    'http_status_code',
    'http_headers',
    'var_get',
    'var_set',
    'input_offset',
    'constructor',
    '__proto__',
  ].map((name) => ({
    name: `an import of ${name}`,
    code: 'POLICY_IMPORT' as const,
    module: () => answeringWith(`(import "extism:host/env" "${name}" (func (param i64) (result i64)))`),
  })),
  {
    name: 'an import of a module that is not offered',
    code: 'POLICY_IMPORT',
    module: () => answeringWith('(import "env" "abort" (func (param i32)))'),
  },
  {
    name: 'an import with another type',
    code: 'POLICY_IMPORT',
    module: () => answeringWith('(import "extism:host/env" "log_warn" (func (param i32)))'),
  },
  {
    name: 'an import of a global',
    code: 'POLICY_IMPORT',
    module: () => answeringWith('(import "extism:host/env" "fuel" (global i64))'),
  },
  {
    name: 'a host function that its manifest does not name',
    code: 'POLICY_IMPORT',
    module: () => answeringWith('(import "llama-orch:policy/v1" "sha256" (func (param i64) (result i64)))'),
  },
  {
    name: 'an export under a name of the host',
    code: 'POLICY_ABI',
    module: () => doing('', { more: '(global (export "__fuel") (mut i64) (i64.const 0))' }),
  },
  {
    name: 'a write to a global that is not there, where the fuel will stand',
    code: 'POLICY_ABI',
    module: () => doing('(global.set 0 (i64.const 1000000000))'),
  },
  {
    name: 'a handler that would catch the end of its fuel',
    code: 'POLICY_ABI',
    module: () => doing(`(try (do ${LOOP}) (catch_all))`, { features: { exceptions: true } }),
  },
  {
    name: 'more memory at its start than it may have',
    code: 'POLICY_ABI',
    module: () => policyOf({ body: '', memory: '65' }),
  },
];

function answeringWith(imports: string): Promise<Uint8Array<ArrayBuffer>> {
  return doing('', { imports });
}

/** Modules that do not get as far as to be asked. */
export const HOSTILE_STARTS: readonly Hostile[] = [
  {
    name: 'a start section that loops',
    code: 'POLICY_FUEL',
    module: () => doing('', { more: `(func $begin ${LOOP}) (start $begin)` }),
  },
  {
    name: 'a start section that traps',
    code: 'POLICY_TRAP',
    module: () => doing('', { more: '(func $begin unreachable) (start $begin)' }),
  },
  {
    name: 'a start section that makes blocks for ever',
    code: 'POLICY_MEMORY',
    module: () => doing('', { more: `(func $begin ${BLOCK_IS('1')}) (start $begin)` }),
  },
  {
    name: 'a warm-up that loops',
    code: 'POLICY_FUEL',
    module: () => doing('', { more: `(func (export "warmup") (result i32) ${LOOP} (i32.const 0))` }),
  },
];

/** A module that keeps what it can of a call. It denies with FRESH, and allows once it finds something of an earlier one. */
export interface Keeper {
  readonly name: string;
  readonly module: () => Promise<Uint8Array<ArrayBuffer>>;
}

export const HOSTILE_KEEPERS: readonly Keeper[] = [
  keeper('in a global', '(global.get $kept)', '(global.set $kept (i32.const 1))', {
    more: '(global $kept (mut i32) (i32.const 0))',
  }),
  keeper('in its memory', '(i32.load (i32.const 8))', '(i32.store (i32.const 8) (i32.const 1))'),
  keeper('in the page that it took', '(i32.gt_u (memory.size) (i32.const 1))', '(drop (memory.grow (i32.const 1)))'),
  keeper(
    'in a table',
    '(i32.eqz (ref.is_null (table.get $kept (i32.const 0))))',
    '(table.set $kept (i32.const 0) (ref.func $mark))',
    {
      more: '(table $kept 1 funcref) (func $mark) (elem declare func $mark)',
    },
  ),
  keeper(
    'in a segment of data that it drops',
    // What was dropped before traps.
    '(i32.const 0)',
    '(data.drop $kept)',
    { more: '(data $kept "x")', first: '(memory.init $kept (i32.const 16) (i32.const 0) (i32.const 1))' },
  ),
  keeper(
    'in a block of the host',
    '(i32.eq (call $load_u8 (local.get $block)) (i32.const 7))',
    '(call $store_u8 (local.get $block) (i32.const 7))',
    { first: '(local $block i64) (local.set $block (call $alloc (i64.const 64)))' },
  ),
];

function keeper(
  name: string,
  isKept: string,
  keep: string,
  { first = '', ...text }: Omit<PolicyText, 'body'> & { readonly first?: string } = {},
): Keeper {
  const texts = {
    fresh: JSON.stringify({ decision: 'deny', code: 'FRESH' }),
    leaked: JSON.stringify({ decision: 'allow', code: 'LEAKED' }),
  };
  const body = `${first} (if ${isKept} (then (call $answer %leaked)) (else ${keep} (call $answer %fresh)))`;
  return { name, module: () => policyOf({ ...text, texts, body }) };
}
