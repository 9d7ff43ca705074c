#!/usr/bin/env bash
# Fuzzes one parser, or all of them in turn:   Tests/Fuzz/run.sh TARGET|all [SECONDS]
# The driver is built in a folder of its own (.build/fuzz), with libFuzzer and the address sanitizer. What it finds on the
# way stays in .build/fuzz/corpus/TARGET; an input that breaks a promise is written to .build/fuzz/found/TARGET-….
# SEEDS=1 writes today's seeds (what the program's own writers make) into Tests/Fuzz/Corpus and ends.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${1:?TARGET or all} seconds=${2:-600}
corpus=Tests/Fuzz/Corpus build=.build/fuzz
# SwiftPM hands only the last sanitizer on to a compiler call, so both are named in one flag.
flags=(-c release --build-path "$build" --sanitize=fuzzer -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address
  --product fuzz)
export FUZZING=1   # Package.swift holds the driver for this build alone
[ -n "${NO_BUILD:-}" ] || swift build "${flags[@]}"
driver=$(swift build "${flags[@]}" --show-bin-path)/fuzz
targets=$target
[ "$target" = all ] && targets=$(ls "$corpus")
# Memory that Swift keeps for ever is no leak.
# libFuzzer prints the stack itself, so Swift's backtrace is off.
export ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no OPENBLAS_NUM_THREADS=1
mkdir -p "$build/found"
failed=0
for one in $targets; do
  mkdir -p "$build/corpus/$one" "$corpus/$one"
  export LOCKSTEP_FUZZ_TARGET=$one
  if [ -n "${SEEDS:-}" ]; then
    LOCKSTEP_FUZZ_SEEDS=$corpus/$one "$driver" -runs=0 2>/dev/null
    continue
  fi
  echo "== $one: $seconds s"
  # An input of 4 KB may cause no allocation above 512 MB and take no longer than 10 s.
  LOCKSTEP_FUZZ_SEEDS=$build/corpus/$one nice -n 19 "$driver" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -malloc_limit_mb=512 -rss_limit_mb=4096 -print_final_stats=1 -artifact_prefix="$build/found/$one-" \
    "$build/corpus/$one" "$corpus/$one" || failed=1
done
exit $failed
