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
  (import "qjs" "qjs_dup_value" (func $dup_value (param i32) (result i32)))
  (import "qjs" "qjs_is_exception" (func $is_exception (param i32) (result i32)))
  (import "qjs" "qjs_is_string" (func $is_string (param i32) (result i32)))
  (import "qjs" "qjs_get_exception" (func $get_exception (result i32)))
  (import "qjs" "qjs_call" (func $qjs_call (param i32 i32 i32 i32) (result i32)))
  (import "qjs" "qjs_free_value" (func $free_value (param i32)))

  (import "host" "ask" (func $ask (param i32 i32 i32) (result i32)))

  ;; Where the state lies, 32 bytes: +0 i64 now in ns, +8 the function, +12 undefined, +16 and +20 its two arguments,
  ;; +24 the length that get_string_len writes.
  (global $state (export "glue_state") (mut i32) (i32.const 0))

  ;; While a policy is built: remembers the function that answers the hooks.
  (func (export "glue_init") (param $function i32)
    (global.set $state (call $malloc (i32.const 32)))
    (memory.fill (global.get $state) (i32.const 0) (i32.const 32))
    (i32.store offset=8 (global.get $state) (local.get $function))
    (i32.store offset=12 (global.get $state) (call $get_undefined)))

  (func (export "now_ns") (result i64)
    (if (result i64) (global.get $state)
      (then (i64.load (global.get $state)))
      (else (i64.const 0))))

  ;; Reads the input in words of eight bytes: each read is a call to the host, and those are what costs.
  (func $input (result i32)
    (local $length i32) (local $text i32) (local $at i32) (local $value i32)
    (local.set $length (i32.wrap_i64 (call $input_length)))
    (local.set $text (call $malloc (i32.add (local.get $length) (i32.const 1))))
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
    (local.set $value (call $new_string (local.get $text) (local.get $length)))
    (call $free (local.get $text))
    (local.get $value))

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

  ;; Asks the policy: `hook` is the place of the hook in the list that the SDK's guest has.
  (func $answer (param $hook i32) (result i32)
    (local $arguments i32) (local $result i32) (local $block i64)
    (local.set $arguments (i32.add (global.get $state) (i32.const 16)))
    (i32.store (local.get $arguments) (call $new_number (f64.convert_i32_u (local.get $hook))))
    (i32.store offset=4 (local.get $arguments) (call $input))
    (local.set $result
      (call $qjs_call
        (i32.load offset=8 (global.get $state))
        (i32.load offset=12 (global.get $state))
        (i32.const 2)
        (local.get $arguments)))
    (call $free_value (i32.load (local.get $arguments)))
    (call $free_value (i32.load offset=4 (local.get $arguments)))
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
  ;; of the host, `0` to `3` for the levels of the log, and `~` for setting the clock.
  (func (export "host_call")
    (param $name i32) (param $name_length i32) (param $this i32) (param $count i32) (param $arguments i32) (result i32)
    (local $letter i32)
    (local.set $letter (i32.load8_u (local.get $name)))
    (if (i32.eq (local.get $letter) (i32.const 126))
      (then (call $set_clock (i32.load (local.get $arguments))) (return (call $nothing))))
    (if (i32.le_u (local.get $letter) (i32.const 51))
      (then
        (call $log (i32.sub (local.get $letter) (i32.const 48)) (call $to_block (i32.load (local.get $arguments))))
        (return (call $nothing))))
    (call $ask (local.get $letter) (local.get $count) (local.get $arguments)))

  ;; The caller frees what it gets, and `undefined` is kept by QuickJS.
  (func $nothing (result i32) (call $dup_value (call $get_undefined)))

  (func $set_clock (param $now_ms i32)
    (i64.store
      (global.get $state)
      (i64.mul (i64.trunc_sat_f64_s (call $get_float64 (local.get $now_ms))) (i64.const 1000000))))

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
