#!/usr/bin/env bash
# Do all kernels give the same bits at every level of this CPU and on a 64-bit Arm? The toolchain's clang compiles them and bits.c for both; the
# Arm is emulated. Prints a line for each kernel, and the first differing values of those that differ. Usage: Tests/Arm/run.sh; CLANG= another clang.
set -euo pipefail
cd "$(dirname "$0")/../.."
sources=Sources/CKernels build=.build/arm root=/usr/aarch64-linux-gnu

fail() { echo "Tests/Arm/run.sh: $*" >&2; exit 1; }
[ "$(uname -m)" = x86_64 ] || fail "this runs on an x86-64 CPU, which it compares with an Arm that it emulates"
missing=()
command -v qemu-aarch64 > /dev/null || missing+=(qemu-user)
{ [ -f $root/include/stdio.h ] && [ -f $root/lib/crt1.o ]; } || missing+=(libc6-dev-arm64-cross)
[ ${#missing[@]} = 0 ] || fail "the emulator of an Arm or its C library is not here; on Debian and Ubuntu: apt-get install ${missing[*]}"
swift=$(command -v swift || true)
clang=${CLANG:-$(command -v clang || echo "${swift%swift}clang")}
"$clang" --version > /dev/null 2>&1 || fail "no clang on the PATH: it comes with the Swift toolchain (swift.org); or name one by CLANG="

mkdir -p $build
common=(-std=gnu11 -O2 -Wall -Wextra -Werror -I$sources/include $sources/*.c Tests/Arm/bits.c)
"$clang" "${common[@]}" -lm -o $build/bits-x86 & native=$!
# Without the compiler's own start files and libraries, which are a third package: nothing here needs them.
"$clang" --target=aarch64-linux-gnu -nostdlibinc -isystem $root/include "${common[@]}" -fuse-ld=lld -nostdlib $root/lib/crt[1i].o \
  -L$root/lib -lm -lc $root/lib/crtn.o -o $build/bits-arm & arm=$!
wait $native || fail "the kernels and their test do not compile for x86-64"
wait $arm || fail "the kernels and their test do not compile for a 64-bit Arm"

bits() { # LEVEL [KERNEL]
  if [ "$1" = neon ]; then qemu-aarch64 -L $root $build/bits-arm "$@"; else $build/bits-x86 "$@"; fi
}
# The emulator is slow: it starts first, and the levels of this CPU run at the same time.
bits neon > $build/neon & emulated=$!
levels=() absent=()
for level in baseline avx2 avx512 avx512-bf16; do
  status=0
  bits $level > $build/$level || status=$?
  case $status in
    0) levels+=($level) ;;
    3) absent+=($level) ;;
    *) fail "the test broke off at the level $level" ;;
  esac
done
wait $emulated || fail "the test broke off on the emulated Arm"
levels+=(neon)

# Every function in the header must be a kernel that is tried, or one of these, which compute nothing.
idle="level_available level select_level cpu_features set_floating_point_modes floating_point_modes_are_set schedulable_cores pin share_one_heap pause"
kernels=$(cut -d' ' -f1 $build/neon)
untried=$(grep -oE '\bck_[a-z0-9_]+\(' $sources/include/ckernels.h | sed -E 's/^ck_(.*)\($/\1/' | sort -u \
  | grep -vxF -e "$(tr ' ' '\n' <<< "$idle")" -e "$kernels" || true)
[ -z "$untried" ] || fail "Tests/Arm/bits.c does not call" $untried

different=0 count=0
for kernel in $kernels; do
  count=$((count + 1)) places=()
  expected=$(grep "^$kernel " $build/baseline)
  for level in "${levels[@]}"; do [ "$(grep "^$kernel " $build/$level)" = "$expected" ] || places+=($level); done
  if [ ${#places[@]} = 0 ]; then printf '%-28s equal\n' "$kernel"; continue; fi
  different=$((different + 1))
  printf '%-28s differs from baseline: %s\n' "$kernel" "${places[*]}"
  level=${places[0]}
  echo "    call, buffer, place and bits: baseline | $level"
  { diff <(bits baseline "$kernel") <(bits $level "$kernel") --suppress-common-lines -y -W 80 || true; } | sed -n '1,5{s/^/    /;p}'
done
[ ${#absent[@]} = 0 ] || echo "not on this CPU: ${absent[*]}"
echo "$count kernels at ${levels[*]}: $((count - different)) equal, $different different"
[ $different = 0 ]
