;; Between the host's calling convention and QuickJS: text in, one call of the saved JavaScript function, text out.
;; Merged under the name `env`, which QuickJS imports its callbacks from.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "log_debug" (func $log_debug (param i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (import "extism:host/env" "log_warn" (func $log_warn (param i64)))
  (import "extism:host/env" "log_error" (func $log_error (param i64)))

  (import "qjs" "memory" (memory 1))
  (import "qjs" "wasm_malloc" (func $malloc (param i32) (result i32)))
  (import "qjs" "wasm_free" (func $free (param i32)))
  (import "qjs" "qjs_new_string" (func $new_string (param i32 i32) (result i32)))
  (import "qjs" "qjs_new_number" (func $new_number (param f64) (result i32)))
  (import "qjs" "qjs_get_float64" (func $get_float64 (param i32) (result f64)))
  (import "qjs" "qjs_get_string_len" (func $get_string_len (param i32 i32) (result i32)))
  (import "qjs" "qjs_free_cstring" (func $free_cstring (param i32)))
  (import "qjs" "qjs_get_undefined" (func $get_undefined (result i32)))
  (import "qjs" "qjs_get_null" (func $get_null (result i32)))
  (import "qjs" "qjs_get_true" (func $get_true (result i32)))
  (import "qjs" "qjs_get_false" (func $get_false (result i32)))
  (import "qjs" "qjs_dup_value" (func $dup_value (param i32) (result i32)))
  (import "qjs" "qjs_is_exception" (func $is_exception (param i32) (result i32)))
  (import "qjs" "qjs_is_string" (func $is_string (param i32) (result i32)))
  (import "qjs" "qjs_get_exception" (func $get_exception (result i32)))
  (import "qjs" "qjs_call" (func $qjs_call (param i32 i32 i32 i32) (result i32)))
  (import "qjs" "qjs_free_value" (func $free_value (param i32)))
  (import "qjs" "qjs_get_context_ptr" (func $get_context (result i32)))
  (import "qjs" "JS_ParseJSON" (func $parse_json (param i32 i32 i32 i32) (result i64)))

  (import "host" "ask" (func $ask (param i32 i32 i32) (result i32)))

  ;; Where the state lies, 48 bytes: +0 the place of the event (see $place), +4 that of `now`, +8 the function, +12 undefined,
  ;; +16 and +20 its two arguments, +24 the length that get_string_len writes, +28 the input, +32 its length, +36 the number of
  ;; the call, +40 whether a string that was passed over has escapes, +44 the call whose places are noted.
  (global $state (export "glue_state") (mut i32) (i32.const 0))

  (func $begin_state
    (if (global.get $state) (then (return)))
    (global.set $state (call $malloc (i32.const 48)))
    (memory.fill (global.get $state) (i32.const 0) (i32.const 48)))

  ;; While a policy is built: remembers the function that answers the hooks.
  (func (export "glue_init") (param $function i32)
    (call $begin_state)
    (i32.store offset=8 (global.get $state) (local.get $function))
    (i32.store offset=12 (global.get $state) (call $get_undefined)))

  ;; Reads the input in words of eight bytes: each read is a call to the host, and those are what costs. Zeros behind it end
  ;; what is looked for in it.
  (func $read_input
    (local $length i32) (local $text i32) (local $at i32)
    (local.set $length (i32.wrap_i64 (call $input_length)))
    (local.set $text (call $malloc (i32.add (local.get $length) (i32.const 16))))
    (i64.store align=1 (i32.add (local.get $text) (local.get $length)) (i64.const 0))
    (i64.store offset=8 align=1 (i32.add (local.get $text) (local.get $length)) (i64.const 0))
    (block $done
      (loop $words
        (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $length)))
        (i64.store (i32.add (local.get $text) (local.get $at)) (call $input_load_u64 (i64.extend_i32_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $words)))
    (block $end
      (loop $bytes
        (br_if $end (i32.ge_u (local.get $at) (local.get $length)))
        (i32.store8 (i32.add (local.get $text) (local.get $at)) (call $input_load_u8 (i64.extend_i32_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes)))
    (i32.store offset=28 (global.get $state) (local.get $text))
    (i32.store offset=32 (global.get $state) (local.get $length))
    (i32.store offset=36 (global.get $state) (i32.add (i32.load offset=36 (global.get $state)) (i32.const 1))))

  ;; A policy looks at little of its event, and parsing all of it takes longer than all the rest. So the SDK names the places
  ;; that there are, once, while a policy is built. When the first of them is asked for in a call, the text is passed over, and
  ;; where their values begin is noted.
  ;; A place: +0 the next one of the same object, +4 and +8 its own first and last member, +12 the call that `start` is of,
  ;; +16 start, +20 the length of its name, +24 the name, and room for a word behind it.
  (func $place (param $parent i32) (param $name i32) (param $length i32) (result i32)
    (local $place i32)
    (local.set $place (call $malloc (i32.add (local.get $length) (i32.const 32))))
    (memory.fill (local.get $place) (i32.const 0) (i32.add (local.get $length) (i32.const 32)))
    (i32.store offset=20 (local.get $place) (local.get $length))
    (memory.copy (i32.add (local.get $place) (i32.const 24)) (local.get $name) (local.get $length))
    (if (i32.eqz (local.get $parent)) (then (return (local.get $place))))
    (if (i32.load offset=4 (local.get $parent))
      (then (i32.store (i32.load offset=8 (local.get $parent)) (local.get $place)))
      (else (i32.store offset=4 (local.get $parent) (local.get $place))))
    (i32.store offset=8 (local.get $parent) (local.get $place))
    (local.get $place))

  ;; A new place by the place that it is in, 0 for the input itself, and its name. The first that is named is that of `now`.
  (func $name_place (param $parent i32) (param $name i32) (result i32)
    (local $text i32) (local $place i32)
    (call $begin_state)
    (if (i32.eqz (i32.load (global.get $state)))
      (then (i32.store (global.get $state) (call $place (i32.const 0) (i32.const 0) (i32.const 0)))))
    (local.set $text (call $get_string_len (local.get $name) (i32.add (global.get $state) (i32.const 24))))
    (local.set $place
      (call $place
        (select (local.get $parent) (i32.load (global.get $state)) (local.get $parent))
        (local.get $text)
        (i32.load offset=24 (global.get $state))))
    (call $free_cstring (local.get $text))
    (if (i32.eqz (i32.load offset=4 (global.get $state)))
      (then (i32.store offset=4 (global.get $state) (local.get $place))))
    (local.get $place))

  ;; Where the value of a place begins in this call; 0 when it is not there.
  (func $find (param $place i32) (result i32)
    (local $call i32) (local $at i32)
    (local.set $call (i32.load offset=36 (global.get $state)))
    (if (i32.ne (i32.load offset=44 (global.get $state)) (local.get $call))
      (then
        (i32.store offset=44 (global.get $state) (local.get $call))
        (local.set $at (call $after_space (i32.load offset=28 (global.get $state))))
        (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 123))
          (then (drop (call $note_members (i32.load (global.get $state)) (local.get $at) (local.get $call)))))))
    (select
      (i32.load offset=16 (local.get $place))
      (i32.const 0)
      (i32.eq (i32.load offset=12 (local.get $place)) (local.get $call))))

  ;; Notes where the members of an object begin, down to the places that have none, and answers where it ends. Of two members
  ;; of one name the last counts, as in JSON.parse.
  (func $note_members (param $parent i32) (param $at i32) (param $call i32) (result i32)
    (local $name i32) (local $length i32) (local $place i32) (local $first i32) (local $expected i32)
    (local.set $expected (i32.load offset=4 (local.get $parent)))
    (loop $members
      (local.set $at (call $after_space (i32.add (local.get $at) (i32.const 1))))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 34)) (then (return (i32.add (local.get $at) (i32.const 1)))))
      (local.set $name (i32.add (local.get $at) (i32.const 1)))
      (local.set $at (call $after_string (local.get $at)))
      (local.set $length (i32.sub (i32.sub (local.get $at) (local.get $name)) (i32.const 1)))
      (local.set $at (call $after_space (local.get $at)))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 58)) (then (return (local.get $at))))
      (local.set $at (call $after_space (i32.add (local.get $at) (i32.const 1))))
      (local.set $place (call $member (local.get $parent) (local.get $expected) (local.get $name) (local.get $length)))
      (block $noted
        (if (local.get $place)
          (then
            (local.set $expected (i32.load (local.get $place)))
            (i32.store offset=12 (local.get $place) (local.get $call))
            (i32.store offset=16 (local.get $place) (local.get $at))
            (if (i32.load offset=4 (local.get $place))
              (then
                (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 123))
                  (then
                    (local.set $at (call $note_members (local.get $place) (local.get $at) (local.get $call)))
                    (br $noted)))))))
        (local.set $at (call $after_value (local.get $at))))
      (local.set $at (call $after_space (local.get $at)))
      (br_if $members (i32.eq (i32.load8_u (local.get $at)) (i32.const 44))))
    (i32.add (local.get $at) (i32.const 1)))

  ;; The place of this name; 0 for one that nobody named. Members mostly come in the order of their places.
  (func $member (param $parent i32) (param $expected i32) (param $name i32) (param $length i32) (result i32)
    (local $place i32)
    (if (local.get $expected)
      (then
        (if (call $is_named (local.get $expected) (local.get $name) (local.get $length))
          (then (return (local.get $expected))))))
    (local.set $place (i32.load offset=4 (local.get $parent)))
    (loop $places
      (if (i32.eqz (local.get $place)) (then (return (i32.const 0))))
      (if (call $is_named (local.get $place) (local.get $name) (local.get $length)) (then (return (local.get $place))))
      (local.set $place (i32.load (local.get $place)))
      (br $places))
    (unreachable))

  ;; In words of eight bytes, the last of which is shifted until the bytes behind the names are gone.
  (func $is_named (param $place i32) (param $name i32) (param $length i32) (result i32)
    (local $difference i64)
    (if (i32.ne (i32.load offset=20 (local.get $place)) (local.get $length)) (then (return (i32.const 0))))
    (loop $words
      (local.set $difference
        (i64.xor (i64.load offset=24 align=1 (local.get $place)) (i64.load align=1 (local.get $name))))
      (if (i32.gt_u (local.get $length) (i32.const 8))
        (then
          (if (i64.ne (local.get $difference) (i64.const 0)) (then (return (i32.const 0))))
          (local.set $place (i32.add (local.get $place) (i32.const 8)))
          (local.set $name (i32.add (local.get $name) (i32.const 8)))
          (local.set $length (i32.sub (local.get $length) (i32.const 8)))
          (br $words))))
    (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
    (i64.eqz
      (i64.shl
        (local.get $difference)
        (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (local.get $length) (i32.const 3)))))))

  (func $after_space (param $at i32) (result i32)
    (local $byte i32)
    (loop $bytes
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.gt_u (local.get $byte) (i32.const 32)) (then (return (local.get $at))))
      (if (i32.eqz (local.get $byte)) (then (return (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $bytes))
    (unreachable))

  ;; From its first quote to behind its last, eight bytes at once: the lowest byte of `found` that is not 0 is that of the first
  ;; quote, backslash or zero.
  (func $after_string (param $at i32) (result i32)
    (local $byte i32) (local $word i64) (local $quotes i64) (local $slashes i64) (local $found i64)
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (loop $words
      (local.set $word (i64.load align=1 (local.get $at)))
      (local.set $quotes (i64.xor (local.get $word) (i64.const 0x2222222222222222)))
      (local.set $slashes (i64.xor (local.get $word) (i64.const 0x5c5c5c5c5c5c5c5c)))
      (local.set $found
        (i64.and
          (i64.or
            (i64.or
              (i64.and
                (i64.sub (local.get $word) (i64.const 0x0101010101010101))
                (i64.xor (local.get $word) (i64.const -1)))
              (i64.and
                (i64.sub (local.get $quotes) (i64.const 0x0101010101010101))
                (i64.xor (local.get $quotes) (i64.const -1))))
            (i64.and
              (i64.sub (local.get $slashes) (i64.const 0x0101010101010101))
              (i64.xor (local.get $slashes) (i64.const -1))))
          (i64.const 0x8080808080808080)))
      (if (i64.eqz (local.get $found))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br $words)))
      (local.set $at (i32.add (local.get $at) (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $found)) (i64.const 3)))))
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 34)) (then (return (i32.add (local.get $at) (i32.const 1)))))
      (if (i32.eqz (local.get $byte)) (then (return (local.get $at))))
      (i32.store offset=40 (global.get $state) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br $words))
    (unreachable))

  ;; From its first byte to behind its last.
  (func $after_value (param $at i32) (result i32)
    (local $byte i32) (local $depth i32)
    (loop $bytes
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eqz (local.get $byte)) (then (return (local.get $at))))
      (if (i32.eq (local.get $byte) (i32.const 34))
        (then
          (local.set $at (call $after_string (local.get $at)))
          (br_if $bytes (local.get $depth))
          (return (local.get $at))))
      (block $open (block $close (block $between (block $other
        (br_if $open (i32.eq (i32.or (local.get $byte) (i32.const 32)) (i32.const 123)))
        (br_if $close (i32.eq (i32.or (local.get $byte) (i32.const 32)) (i32.const 125)))
        (br_if $between (i32.or (i32.eq (local.get $byte) (i32.const 44)) (i32.le_u (local.get $byte) (i32.const 32))))
        (br $other))
        ;; Part of a number or a word.
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes))
        (if (i32.eqz (local.get $depth)) (then (return (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes))
        (if (i32.eqz (local.get $depth)) (then (return (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
        (br_if $bytes (local.get $depth))
        (return (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
      (br $bytes))
    (unreachable))

  ;; A whole number without a sign, of up to 15 digits; -1 for any other, and for what is none.
  (func $whole_number (param $at i32) (result i64)
    (local $value i64) (local $digit i32) (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.const 15)))
    (loop $digits
      (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
      (if (i32.gt_u (local.get $digit) (i32.const 9)) (then (return (i64.const -1))))
      (local.set $value
        (i64.add (i64.mul (local.get $value) (i64.const 10)) (i64.extend_i32_u (local.get $digit))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.gt_u (local.get $at) (local.get $end)) (then (return (i64.const -1))))
      (local.set $digit (i32.load8_u (local.get $at)))
      (br_if $digits
        (i32.eqz
          (i32.or
            (i32.or (i32.eq (local.get $digit) (i32.const 44)) (i32.le_u (local.get $digit) (i32.const 32)))
            (i32.or (i32.eq (local.get $digit) (i32.const 125)) (i32.eq (local.get $digit) (i32.const 93)))))))
    (local.get $value))

  ;; What is in a place as JavaScript has it; undefined for what is not there.
  (func $value_in (param $place i32) (result i32)
    (local $at i32) (local $byte i32) (local $end i32) (local $number i64)
    (local.set $at (call $find (local.get $place)))
    (if (i32.eqz (local.get $at)) (then (return (call $nothing))))
    (local.set $byte (i32.load8_u (local.get $at)))
    (if (i32.eq (local.get $byte) (i32.const 34))
      (then
        (i32.store offset=40 (global.get $state) (i32.const 0))
        (local.set $end (call $after_string (local.get $at)))
        (if (i32.load offset=40 (global.get $state)) (then (return (call $parsed (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (return (call $new_string (local.get $at) (i32.sub (i32.sub (local.get $end) (local.get $at)) (i32.const 1))))))
    (if (i32.eq (local.get $byte) (i32.const 110)) (then (return (call $dup_value (call $get_null)))))
    (if (i32.eq (local.get $byte) (i32.const 116)) (then (return (call $dup_value (call $get_true)))))
    (if (i32.eq (local.get $byte) (i32.const 102)) (then (return (call $dup_value (call $get_false)))))
    (local.set $number (call $whole_number (local.get $at)))
    (if (i64.ge_s (local.get $number) (i64.const 0))
      (then (return (call $new_number (f64.convert_i64_s (local.get $number))))))
    (call $parsed (local.get $at)))

  ;; By the parser of QuickJS, which wants a zero behind the text. The value takes the place of a number in its box.
  (func $parsed (param $at i32) (result i32)
    (local $end i32) (local $next i32) (local $box i32)
    (local.set $end (call $after_value (local.get $at)))
    (local.set $next (i32.load8_u (local.get $end)))
    (i32.store8 (local.get $end) (i32.const 0))
    (local.set $box (call $new_number (f64.const 0)))
    (i64.store
      (local.get $box)
      (call $parse_json
        (call $get_context)
        (local.get $at)
        (i32.sub (local.get $end) (local.get $at))
        (i32.add (i32.load (global.get $state)) (i32.const 24))))
    (i32.store8 (local.get $end) (local.get $next))
    (local.get $box))

  ;; Whether an object is in a place.
  (func $holds_object (param $place i32) (result i32)
    (local $at i32)
    (local.set $at (call $find (local.get $place)))
    (if (i32.eqz (local.get $at)) (then (return (call $nothing))))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 123)) (then (return (call $dup_value (call $get_true)))))
    (call $nothing))

  ;; The clock of JavaScript: the `now` of the event.
  (func (export "now_ns") (result i64)
    (local $at i32)
    (if (i32.eqz (global.get $state)) (then (return (i64.const 0))))
    (if (i32.eqz (i32.load offset=28 (global.get $state))) (then (return (i64.const 0))))
    (if (i32.eqz (i32.load offset=4 (global.get $state))) (then (return (i64.const 0))))
    (local.set $at (call $find (i32.load offset=4 (global.get $state))))
    (if (i32.eqz (local.get $at)) (then (return (i64.const 0))))
    (i64.mul
      (select
        (call $whole_number (local.get $at))
        (i64.const 0)
        (i64.ge_s (call $whole_number (local.get $at)) (i64.const 0)))
      (i64.const 1000000)))

  ;; The text of a JavaScript value in a block of the host.
  (func $to_block (export "to_block") (param $value i32) (result i64)
    (local $text i32) (local $length i32) (local $at i32) (local $block i64)
    (local.set $text (call $get_string_len (local.get $value) (i32.add (global.get $state) (i32.const 24))))
    (if (i32.eqz (local.get $text)) (then (return (i64.const 0))))
    (local.set $length (i32.load offset=24 (global.get $state)))
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (block $done
      (loop $words
        (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $length)))
        (call $store_u64
          (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
          (i64.load (i32.add (local.get $text) (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $words)))
    (block $end
      (loop $bytes
        (br_if $end (i32.ge_u (local.get $at) (local.get $length)))
        (call $store_u8
          (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
          (i32.load8_u (i32.add (local.get $text) (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes)))
    (call $free_cstring (local.get $text))
    (local.get $block))

  ;; What a block of the host holds, as a JavaScript value; 0 is null.
  (func (export "from_block") (param $block i64) (result i32)
    (local $length i32) (local $text i32) (local $at i32) (local $value i32)
    (if (i64.eqz (local.get $block)) (then (return (call $dup_value (call $get_null)))))
    (local.set $length (i32.wrap_i64 (call $length (local.get $block))))
    (local.set $text (call $malloc (i32.add (local.get $length) (i32.const 1))))
    (block $done
      (loop $words
        (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $length)))
        (i64.store
          (i32.add (local.get $text) (local.get $at))
          (call $load_u64 (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $words)))
    (block $end
      (loop $bytes
        (br_if $end (i32.ge_u (local.get $at) (local.get $length)))
        (i32.store8
          (i32.add (local.get $text) (local.get $at))
          (call $load_u8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes)))
    (local.set $value (call $new_string (local.get $text) (local.get $length)))
    (call $free (local.get $text))
    (local.get $value))

  ;; Asks the policy: `hook` is the place of the hook in the list that the SDK's guest has. The first two get the text of
  ;; the input; the others look into it.
  (func $answer (param $hook i32) (result i32)
    (local $arguments i32) (local $result i32) (local $block i64)
    (call $read_input)
    (local.set $arguments (i32.add (global.get $state) (i32.const 16)))
    (i32.store (local.get $arguments) (call $new_number (f64.convert_i32_u (local.get $hook))))
    (i32.store offset=4
      (local.get $arguments)
      (if (result i32) (i32.lt_u (local.get $hook) (i32.const 2))
        (then (call $new_string (i32.load offset=28 (global.get $state)) (i32.load offset=32 (global.get $state))))
        (else (call $nothing))))
    (local.set $result
      (call $qjs_call
        (i32.load offset=8 (global.get $state))
        (i32.load offset=12 (global.get $state))
        (i32.const 2)
        (local.get $arguments)))
    (call $free_value (i32.load (local.get $arguments)))
    (call $free_value (i32.load offset=4 (local.get $arguments)))
    (call $free (i32.load offset=28 (global.get $state)))
    (i32.store offset=28 (global.get $state) (i32.const 0))
    (if (call $is_exception (local.get $result))
      (then
        (call $free_value (local.get $result))
        (call $error_set (call $to_block (call $get_exception)))
        (return (i32.const 1))))
    (local.set $block (call $to_block (local.get $result)))
    (call $output_set (local.get $block) (i64.extend_i32_u (i32.load offset=24 (global.get $state))))
    (call $free_value (local.get $result))
    (i32.const 0))

  (func (export "describe") (result i32) (call $answer (i32.const 0)))
  (func (export "validate_config") (result i32) (call $answer (i32.const 1)))
  (func (export "on_request") (result i32) (call $answer (i32.const 2)))
  (func (export "on_response") (result i32) (call $answer (i32.const 3)))
  (func (export "on_admission") (result i32) (call $answer (i32.const 4)))

  ;; QuickJS calls a function of the host by name. Ours have names of one letter: those of src/host.ts for the functions
  ;; of the host, `0` to `3` for the levels of the log, and `A` to `C` for the event: naming a place, its value, whether that
  ;; is an object.
  (func (export "host_call")
    (param $name i32) (param $name_length i32) (param $this i32) (param $count i32) (param $arguments i32) (result i32)
    (local $letter i32)
    (local.set $letter (i32.load8_u (local.get $name)))
    (if (i32.gt_u (local.get $letter) (i32.const 67))
      (then (return (call $ask (local.get $letter) (local.get $count) (local.get $arguments)))))
    (if (i32.eq (local.get $letter) (i32.const 66))
      (then (return (call $value_in (call $number (local.get $arguments))))))
    (if (i32.eq (local.get $letter) (i32.const 67))
      (then (return (call $holds_object (call $number (local.get $arguments))))))
    (if (i32.eq (local.get $letter) (i32.const 65))
      (then
        (return
          (call $new_number
            (f64.convert_i32_u
              (call $name_place (call $number (local.get $arguments)) (i32.load offset=4 (local.get $arguments))))))))
    (call $log (i32.sub (local.get $letter) (i32.const 48)) (call $to_block (i32.load (local.get $arguments))))
    (call $nothing))

  (func $number (param $arguments i32) (result i32)
    (i32.trunc_sat_f64_u (call $get_float64 (i32.load (local.get $arguments)))))

  ;; The caller frees what it gets, and `undefined` is kept by QuickJS.
  (func $nothing (result i32) (call $dup_value (call $get_undefined)))

  (func $log (param $level i32) (param $text i64)
    (block $error (block $warn (block $info (block $debug
      (br_table $debug $info $warn $error (local.get $level)))
      (return (call $log_debug (local.get $text))))
      (return (call $log_info (local.get $text))))
      (return (call $log_warn (local.get $text))))
    (call $log_error (local.get $text)))

  ;; What else QuickJS may call: nothing interrupts it, no module is loaded, the time zone is UTC.
  (func (export "host_get_timezone_offset") (param i32 i32) (result i32) (i32.const 0))
  (func (export "host_interrupt") (result i32) (i32.const 0))
  (func (export "host_promise_rejection") (param i32 i32 i32))
  (func (export "host_module_normalize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "host_module_load") (param i32 i32) (result i32) (i32.const 0))
)
