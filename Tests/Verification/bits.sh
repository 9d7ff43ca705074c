#!/usr/bin/env bash
# Trains some steps with portable products and two workers, and lets a program in C (bits.c, written from deploy/arithmetic.md alone) compute
# each of them again: the first from the seed, the others from the checkpoint before. Every weight must have the same bits. At the end one
# bit of an image is changed, which the program must find. Exits 1 where a bit differs. Some twenty seconds.
# Usage: Tests/Verification/bits.sh [path of lockstep [arguments of train]], `--recipe mnist-likelihood`, say. CC and CFLAGS name a compiler.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
lockstep=$(realpath "${1:-.build/release/lockstep}")
shift $(($# > 0))
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
steps=4
# Without contraction: two operations in arithmetic.md stay two operations.
"${CC:-cc}" -std=c11 ${CFLAGS:--O2} -ffp-contract=off -o "$place/bits" "$here/bits.c" -lm

quietly() { "$@" > "$place/log" 2>&1 || { tail -n 3 "$place/log"; exit 1; }; }
# A run that ends writes a checkpoint; before that it may skip one while it still writes the previous one.
quietly timeout 300 "$lockstep" train --engine portable --workers 2 --threads 1 --steps 1 "$@" --run "$place/run" \
  --set checkpoint.keep=100 --set figures.every_epochs=0 --set evaluate.every_epochs=0
for step in $(seq 2 $steps); do quietly timeout 300 "$lockstep" resume "$place/run" --workers 2 --steps "$step"; done
state() { [ "$1" = 0 ] && echo - || printf '%s/run/checkpoints/step-%08d/state.safetensors' "$place" "$1"; }

for step in $(seq $steps); do
  quietly timeout 300 "$lockstep" replay "$place/run" --step "$step" --out "$place/step.safetensors"
  verdict=$("$place/bits" "$(state $((step - 1)))" "$place/step.safetensors" "$(state "$step")") || { echo "step $step: $verdict"; exit 1; }
  echo "step $step: $(tail -n 1 <<< "$verdict")"
done

# Where a tensor's values begin: after the header and its length of 8 bytes.
header=$(od -An -t u8 -N 8 "$place/step.safetensors")
images=$(head -c $((8 + header)) "$place/step.safetensors" | grep -ao '"input.images":{[^}]*"data_offsets":\[[0-9]*' | grep -o '[0-9]*$')
at=$((8 + header + images + 400))
pixel=$(od -An -t u1 -j $at -N 1 "$place/step.safetensors")
printf "\\x$(printf %x $((pixel ^ 1)))" | dd of="$place/step.safetensors" bs=1 seek=$at conv=notrunc status=none
verdict=$("$place/bits" "$(state $((steps - 1)))" "$place/step.safetensors") && status=0 || status=$?
[ $status = 1 ] || { echo "one bit of an image was changed, and bits.c did not tell (status $status)"; exit 1; }
echo "step $steps with one bit of an image changed: $(tail -n 1 <<< "$verdict")"
