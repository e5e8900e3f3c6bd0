;; WASI preview 1 as far as QuickJS imports it: no files, no randomness, the clock of the event.
(module
  (import "qjs" "memory" (memory 1))
  (import "env" "now_ns" (func $now_ns (result i64)))

  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $result i32) (result i32)
    (i64.store (local.get $result) (call $now_ns))
    (i32.const 0))

  (func (export "random_get") (param $at i32) (param $length i32) (result i32)
    (memory.fill (local.get $at) (i32.const 0) (local.get $length))
    (i32.const 0))

  ;; 8 is EBADF: there is no descriptor.
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_write") (param i32 i32 i32 i32) (result i32) (i32.const 8))
)
