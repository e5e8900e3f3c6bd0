;; The functions of `llama-orch:policy/v1` for JavaScript: text goes as a block, numbers as i64. The build of a policy links
;; those that it declares and leaves the others out, so they come last of all imports, and `ask` alone calls them.
(module
  (import "llama-orch:policy/v1" "ip_in" (func $ip_in (param i64 i64) (result i64)))
  (import "llama-orch:policy/v1" "host_match" (func $host_match (param i64 i64) (result i64)))
  (import "llama-orch:policy/v1" "glob" (func $glob (param i64 i64) (result i64)))
  (import "llama-orch:policy/v1" "url_parse" (func $url_parse (param i64) (result i64)))
  (import "llama-orch:policy/v1" "json_get" (func $json_get (param i64 i64) (result i64)))
  (import "llama-orch:policy/v1" "body_read" (func $body_read (param i64 i64 i64) (result i64)))
  (import "llama-orch:policy/v1" "sha256" (func $sha256 (param i64) (result i64)))
  (import "llama-orch:policy/v1" "pseudonym" (func $pseudonym (param i64) (result i64)))
  (import "llama-orch:policy/v1" "scan" (func $scan (param i64) (result i64)))
  (import "llama-orch:policy/v1" "counter" (func $counter (param i64) (result i64)))

  (import "qjs" "memory" (memory 1))
  (import "qjs" "qjs_new_number" (func $new_number (param f64) (result i32)))
  (import "qjs" "qjs_get_float64" (func $get_float64 (param i32) (result f64)))
  (import "qjs" "qjs_is_string" (func $is_string (param i32) (result i32)))

  (import "env" "to_block" (func $to_block (param i32) (result i64)))
  (import "env" "from_block" (func $text (param i64) (result i32)))

  (func $argument (param $count i32) (param $arguments i32) (param $index i32) (result i64)
    (local $value i32)
    (if (i32.ge_u (local.get $index) (local.get $count)) (then (return (i64.const 0))))
    (local.set $value (i32.load (i32.add (local.get $arguments) (i32.shl (local.get $index) (i32.const 2)))))
    (if (result i64) (call $is_string (local.get $value))
      (then (call $to_block (local.get $value)))
      (else (i64.trunc_sat_f64_s (call $get_float64 (local.get $value))))))

  (func $number (param $value i64) (result i32) (call $new_number (f64.convert_i64_s (local.get $value))))

  ;; The letters are those of the SDK's host.ts: `a` to `j`.
  (func (export "ask") (param $letter i32) (param $count i32) (param $arguments i32) (result i32)
    (local $a i64) (local $b i64)
    (local.set $a (call $argument (local.get $count) (local.get $arguments) (i32.const 0)))
    (local.set $b (call $argument (local.get $count) (local.get $arguments) (i32.const 1)))
    (block $counter (block $scan (block $pseudonym (block $sha256 (block $body_read
    (block $json_get (block $url_parse (block $glob (block $host_match (block $ip_in
      (br_table $ip_in $host_match $glob $url_parse $json_get $body_read $sha256 $pseudonym $scan $counter
        (i32.sub (local.get $letter) (i32.const 97))))
      (return (call $number (call $ip_in (local.get $a) (local.get $b)))))
      (return (call $number (call $host_match (local.get $a) (local.get $b)))))
      (return (call $number (call $glob (local.get $a) (local.get $b)))))
      (return (call $text (call $url_parse (local.get $a)))))
      (return (call $text (call $json_get (local.get $a) (local.get $b)))))
      (return
        (call $text
          (call $body_read
            (local.get $a)
            (local.get $b)
            (call $argument (local.get $count) (local.get $arguments) (i32.const 2))))))
      (return (call $text (call $sha256 (local.get $a)))))
      (return (call $text (call $pseudonym (local.get $a)))))
      (return (call $text (call $scan (local.get $a)))))
    (call $number (call $counter (local.get $a))))
)
