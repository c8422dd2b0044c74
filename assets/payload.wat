;; isomon's kernels for WebAssembly; src/backend/payload.rs has them in Rust and says what they must
;; give. Each calls the lent `ready` first, which says that its first instruction runs.
(module
  (import "isomon" "ready" (func $ready))
  (memory 0)

  ;; The finaliser of SplitMix64.
  (func $mix (param $v i64) (result i64)
    (local.set $v (i64.add (local.get $v) (i64.const 0x9e3779b97f4a7c15)))
    (local.set $v (i64.mul (i64.xor (local.get $v) (i64.shr_u (local.get $v) (i64.const 30)))
                           (i64.const 0xbf58476d1ce4e5b9)))
    (local.set $v (i64.mul (i64.xor (local.get $v) (i64.shr_u (local.get $v) (i64.const 27)))
                           (i64.const 0x94d049bb133111eb)))
    (i64.xor (local.get $v) (i64.shr_u (local.get $v) (i64.const 31))))

  (func (export "noop") (param $amount i64) (param $nonce i64) (result i64)
    (call $ready)
    (call $mix (local.get $nonce)))

  ;; Rounds of a 32-bit xorshift.
  (func (export "cpu") (param $rounds i64) (param $nonce i64) (result i64)
    (local $x i32)
    (call $ready)
    (local.set $x
      (i32.or (i32.wrap_i64 (i64.shr_u (call $mix (local.get $nonce)) (i64.const 32)))
              (i32.const 1)))
    (block $end
      (loop $round
        (br_if $end (i64.eqz (local.get $rounds)))
        (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
        (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
        (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
        (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))
        (br $round)))
    (i64.extend_i32_u (local.get $x)))

  ;; Writes a word into every 4 KiB, then reads them all back. Memory that cannot be had is a trap.
  (func (export "memory") (param $mib i64) (param $nonce i64) (result i64)
    (local $page i64) (local $pages i64) (local $sum i64) (local $missing i32)
    (call $ready)
    (local.set $missing
      (i32.sub (i32.wrap_i64 (i64.mul (local.get $mib) (i64.const 16))) (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then (unreachable)))))
    (local.set $pages (i64.mul (local.get $mib) (i64.const 256)))
    (block $written
      (loop $write
        (br_if $written (i64.ge_u (local.get $page) (local.get $pages)))
        (i64.store (i32.wrap_i64 (i64.shl (local.get $page) (i64.const 12)))
                   (call $mix (i64.xor (local.get $nonce) (local.get $page))))
        (local.set $page (i64.add (local.get $page) (i64.const 1)))
        (br $write)))
    (local.set $page (i64.const 0))
    (block $read
      (loop $add
        (br_if $read (i64.ge_u (local.get $page) (local.get $pages)))
        (local.set $sum
          (i64.add (i64.rotl (local.get $sum) (i64.const 1))
                   (i64.load (i32.wrap_i64 (i64.shl (local.get $page) (i64.const 12))))))
        (local.set $page (i64.add (local.get $page) (i64.const 1)))
        (br $add)))
    (local.get $sum)))
