import { type Language } from './package-of-text.js';

/**
 * A policy that keeps in every place it has what it saw in earlier calls: its answer says how many calls each of them
 * knows of. Paths: `/grow` takes more memory and keeps it, `/end` traps or throws after it has written.
 */
export interface Counter {
  readonly language: Language;
  readonly source: string;
}

const TYPESCRIPT = `
import { definePolicy, allow } from '@llama-orch/policy-sdk';

let calls = 0;
const heap: string[] = [];
const pile: ArrayBuffer[] = [];

export default definePolicy({
  name: 'counter',
  version: '1.0.0',
  request: ({ url }) => {
    calls += 1;
    heap.push(url.path);
    const shared = globalThis as { leaked?: number };
    shared.leaked = (shared.leaked ?? 0) + 1;
    const prototype = Array.prototype as unknown as { leaked?: number };
    prototype.leaked = (prototype.leaked ?? 0) + 1;
    if (url.path === '/grow') pile.push(new ArrayBuffer(500_000));
    if (url.path === '/end') throw new Error('ended');
    return allow()
      .label('global', String(calls))
      .label('heap', heap.join(' '))
      .label('globalThis', String(shared.leaked))
      .label('prototype', String(prototype.leaked));
  },
});
`;

const ASSEMBLY_SCRIPT = `
import { allow, answer, readEvent } from '@llama-orch/policy-as';

let calls = 0;
const heap: string[] = [];
const pile: ArrayBuffer[] = [];

export function on_request(): i32 {
  const path = readEvent().path;
  calls += 1;
  heap.push(path);
  if (path == '/grow') pile.push(new ArrayBuffer(500_000));
  if (path == '/end') throw new Error('ended');
  return answer(allow().label('global', calls.toString()).label('heap', heap.join(' ')));
}
`;

const C = `
#include "llama_orch_policy.h"

static int calls;
static char *heap = 0;
static size_t kept = 0;

LO_HOOK(on_request) {
  lo_text path = lo_raw_text(lo_find(lo_input(), "/request/url/path"));
  calls++;
  if (heap == 0) heap = lo_alloc(1024);
  if (kept > 0) heap[kept++] = ' ';
  for (size_t at = 0; at < path.bytes; at++) heap[kept++] = path.at[at];
  if (lo_equal(path, lo_str("/grow"))) heap = lo_alloc(500000);
  if (lo_equal(path, lo_str("/end"))) __builtin_trap();
  lo_writer out = {0};
  lo_put(&out, "{\\"decision\\":\\"allow\\",\\"labels\\":{\\"global\\":\\"");
  lo_put_integer(&out, calls);
  lo_put(&out, "\\",\\"heap\\":\\"");
  lo_put_raw(&out, (lo_text){heap, lo_equal(path, lo_str("/grow")) ? 0 : kept});
  lo_put(&out, "\\"}}");
  return lo_answer_written(&out);
}
`;

/** Its calls are all alike: it reads no path, and counts in a global and in memory. */
const WAT = `
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 2)
  (global $calls (mut i32) (i32.const 48))
  (data (i32.const 0) "{\\"decision\\":\\"allow\\",\\"labels\\":{\\"global\\":\\"0\\",\\"heap\\":\\"0\\"}}")
  (data (i32.const {{manifest.place 512}}) "{{manifest}}")
  (func (export "describe") (result i32)
    (call $answer (i32.const {{manifest.place 512}}) (i32.const {{manifest.bytes}})))
  (func (export "on_request") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store8 (i32.const 40) (global.get $calls))
    (i32.store8 (i32.const 51) (i32.add (i32.load8_u (i32.const 51)) (i32.const 1)))
    (drop (memory.grow (i32.const 1)))
    (call $answer (i32.const 0) (i32.const 55)))
  (func $answer (param $at i32) (param $length i32) (result i32)
    (local $block i64) (local $i i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (loop $copy
      (call $store_u8
        (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))
        (i32.load8_u (i32.add (local.get $at) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (local.get $length))))
    (call $output_set (local.get $block) (i64.extend_i32_u (local.get $length)))
    (i32.const 0)))
`;

export const COUNTERS: readonly Counter[] = [
  { language: 'ts', source: TYPESCRIPT },
  { language: 'as', source: ASSEMBLY_SCRIPT },
  { language: 'c', source: C },
  { language: 'wat', source: WAT },
];
