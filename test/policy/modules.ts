import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { manifestOf, wasmOf, type WatFeatures, type WatOptions } from '../support/wat.js';

/** Functions of the plug-in convention that the modules here use. */
const IMPORTS = `
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))`;

/** Copies a text of the memory to a block; reads a number; answers with a text. */
const HELPERS = `
  (func $block (param $at i32) (param $length i32) (result i64)
    (local $block i64) (local $i i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (block $done (loop $copy
      (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
      (call $store_u8
        (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))
        (i32.load8_u (i32.add (local.get $at) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $copy)))
    (local.get $block))
  (func $answer (param $at i32) (param $length i32)
    (call $output_set (call $block (local.get $at) (local.get $length)) (i64.extend_i32_u (local.get $length))))
  (func $answer_block (param $block i64)
    (call $output_set (local.get $block) (call $length (local.get $block))))`;

export interface PolicyText {
  /** What \`on_request\` does. Texts are placed by {@link text}. */
  readonly body: string;
  /** Texts in memory; \`%name\` in the code becomes their place and length. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Further functions, globals, tables. */
  readonly more?: string;
  readonly imports?: string;
  readonly memory?: string;
  readonly manifest?: Partial<PolicyManifest>;
  /** Of WebAssembly, for what is to be refused. */
  readonly features?: WatFeatures;
}

/** Bytes of a policy that is written as text. */
export function policyOf({
  body,
  texts = {},
  more = '',
  imports = '',
  memory = '1',
  manifest = {},
  features = {},
}: PolicyText) {
  const described = manifestOf(manifest);
  const placed = place({ ...texts, describe: JSON.stringify(described) });
  const hooks = described.hooks.filter((hook) => !more.includes(`"${hook}"`));
  const code = `(module ${IMPORTS} ${imports}
    (memory (export "memory") ${memory}) ${HELPERS} ${more}
    (func (export "describe") (result i32) (call $answer %describe) (i32.const 0))
    ${hooks.map((hook) => `(func (export "${hook}") (result i32) ${body} (i32.const 0))`).join('\n')}
    ${placed.data})`;
  return wasmOf(placed.fill(code), { manifest, features } satisfies WatOptions);
}

/** A policy that always gives the same answer. */
export function answering(answer: unknown, manifest: Partial<PolicyManifest> = {}) {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  return policyOf({ body: '(call $answer %answer)', texts: { answer: text }, manifest });
}

/** A policy that does this and then allows. */
export function doing(body: string, text: Omit<PolicyText, 'body'> = {}) {
  const texts = { ...text.texts, allow: JSON.stringify({ decision: 'allow', code: 'DONE' }) };
  return policyOf({ ...text, texts, body: `${body} (call $answer %allow)` });
}

const FIRST_PLACE = 1_024;

function place(texts: Readonly<Record<string, string>>) {
  const places = new Map<string, string>();
  const segments: string[] = [];
  let at = FIRST_PLACE;
  for (const [name, text] of Object.entries(texts)) {
    const bytes = Buffer.from(text);
    const escaped = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
    segments.push(`(data (i32.const ${at}) "${escaped}")`);
    places.set(name, `(i32.const ${at}) (i32.const ${bytes.length})`);
    at += bytes.length;
  }
  const fill = (code: string): string => code.replaceAll(/%([a-z_]+)/g, (_, name: string) => places.get(name) ?? '');
  return { data: segments.join('\n'), fill };
}
