;; acme: lets calls with GET and HEAD through and refuses all others. Text from the first line to the last: it reads the
;; event, walks over its JSON to /request/method, and answers.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))

  ;; The event lies behind the texts. What stands in braces is filled in by the build.
  (memory (export "memory") 1)
  (global $input i32 (i32.const {{manifest.end}}))
  (global $end (mut i32) (i32.const 0))

  (data (i32.const 0x000) "request")
  (data (i32.const 0x010) "method")
  (data (i32.const 0x020) "\"GET\"")
  (data (i32.const 0x030) "\"HEAD\"")
  (data (i32.const 0x040) "{\"decision\":\"allow\"}")
  (data (i32.const 0x080) "{\"decision\":\"deny\",\"code\":\"METHOD_NOT_ALLOWED\",\"reason\":\"only GET and HEAD may be used\"}")
  (data (i32.const {{manifest.place 512}}) "{{manifest}}")

  (func (export "describe") (result i32)
    (call $answer (i32.const {{manifest.place 512}}) (i32.const {{manifest.bytes}})))

  (func (export "on_request") (result i32)
    (local $method i32)
    (call $read_input)
    (local.set $method
      (call $member
        (call $member (global.get $input) (i32.const 0x000) (i32.const 7))
        (i32.const 0x010)
        (i32.const 6)))
    (if (i32.or
          (call $is (local.get $method) (i32.const 0x020) (i32.const 5))
          (call $is (local.get $method) (i32.const 0x030) (i32.const 6)))
      (then (return (call $answer (i32.const 0x040) (i32.const 20)))))
    (call $answer (i32.const 0x080) (i32.const 88)))

  ;; Every read crosses into the host, so eight bytes are taken at a time.
  (func $read_input
    (local $length i32) (local $at i32)
    (local.set $length (i32.wrap_i64 (call $input_length)))
    (global.set $end (i32.add (global.get $input) (local.get $length)))
    (call $make_room (global.get $end))
    (block $words_done
      (loop $words
        (br_if $words_done (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $length)))
        (i64.store
          (i32.add (global.get $input) (local.get $at))
          (call $input_load_u64 (i64.extend_i32_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $words)))
    (block $bytes_done
      (loop $bytes
        (br_if $bytes_done (i32.ge_u (local.get $at) (local.get $length)))
        (i32.store8
          (i32.add (global.get $input) (local.get $at))
          (call $input_load_u8 (i64.extend_i32_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes))))

  ;; Traps when the bound on memory is reached, which denies the call.
  (func $make_room (param $end i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.shr_u (i32.add (local.get $end) (i32.const 0xffff)) (i32.const 16))
        (memory.size)))
    (if (i32.le_s (local.get $missing) (i32.const 0)) (then (return)))
    (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then (unreachable))))

  (func $answer (param $text i32) (param $length i32) (result i32)
    (local $block i64) (local $at i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (loop $bytes
      (call $store_u8
        (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
        (i32.load8_u (i32.add (local.get $text) (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $bytes (i32.lt_u (local.get $at) (local.get $length))))
    (call $output_set (local.get $block) (i64.extend_i32_u (local.get $length)))
    (i32.const 0))

  ;; JSON as the host writes it: no spaces between tokens. Addresses go in and out; 0 means that nothing is there.

  ;; True when the bytes at $at are this text.
  (func $is (param $at i32) (param $text i32) (param $length i32) (result i32)
    (local $index i32)
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (loop $bytes
      (if (i32.ne
            (i32.load8_u (i32.add (local.get $at) (local.get $index)))
            (i32.load8_u (i32.add (local.get $text) (local.get $index))))
        (then (return (i32.const 0))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $bytes (i32.lt_u (local.get $index) (local.get $length))))
    (i32.const 1))

  ;; The value of the member of this name in the object at $at.
  (func $member (param $at i32) (param $name i32) (param $length i32) (result i32)
    (local $value i32)
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x7b)) (then (return (i32.const 0))))
    (loop $members
      ;; Behind the brace or the comma.
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $value (i32.add (call $skip_string (local.get $at)) (i32.const 1)))
      (if (i32.and
            (i32.eq (i32.sub (local.get $value) (local.get $at)) (i32.add (local.get $length) (i32.const 3)))
            (call $is (i32.add (local.get $at) (i32.const 1)) (local.get $name) (local.get $length)))
        (then (return (local.get $value))))
      (local.set $at (call $skip_value (local.get $value)))
      (br_if $members (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x2c))))
    (i32.const 0))

  ;; Behind the string that begins at $at. What is broken ends in a trap at the end of memory, or of fuel.
  (func $skip_string (param $at i32) (result i32)
    (local $byte i32)
    (loop $bytes
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 0x5c))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $bytes)))
      (br_if $bytes (i32.ne (local.get $byte) (i32.const 0x22))))
    (i32.add (local.get $at) (i32.const 1)))

  ;; Behind the value that begins at $at: the next comma or closing bracket that does not belong to it.
  (func $skip_value (param $at i32) (result i32)
    (local $depth i32) (local $byte i32)
    (loop $bytes
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 0x22))
        (then
          (local.set $at (call $skip_string (local.get $at)))
          (br $bytes)))
      ;; [ and {, ] and } differ in one bit alone.
      (if (i32.eq (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x7b))
        (then (local.set $depth (i32.add (local.get $depth) (i32.const 1)))))
      (if (i32.eq (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x7d))
        (then
          (if (i32.eqz (local.get $depth)) (then (return (local.get $at))))
          (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))))
      (if (i32.and (i32.eq (local.get $byte) (i32.const 0x2c)) (i32.eqz (local.get $depth)))
        (then (return (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $bytes (i32.lt_u (local.get $at) (global.get $end))))
    (local.get $at))
)
