#!/usr/bin/env bash
# Prints the same-bits matrix: workers x threads x topology x compression x {calm, everything killed and resumed}.
# Usage: Tests/matrix.sh [path of lockstep]. Exits 1 where a digest differs. About three minutes on two cores.
set -euo pipefail
lockstep=$(realpath "${1:-.build/release/lockstep}")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
recipe=(--recipe quickstart --set data.train=2000 --set data.validation=500 --epochs 3 --minibatch 100
  --set model.encoder=[200,100] --set model.decoder=[100,200] --set model.discriminator=[100]
  --set figures.every_epochs=0 --set checkpoint.every_steps=7)
expected=""
wrong=0

# All processes of a run: the supervisor and its children.
family() { echo "$1"; pgrep -P "$1" || true; }

killed() { # arguments of train; kills everything after a random number of bytes of metrics
  local folder=$1; shift
  setsid "$lockstep" train "$@" --run "$folder" > "$folder.log" 2>&1 &
  local supervisor=$! limit=$((RANDOM % 14000)) waited=0
  until [ "$(stat -c %s "$folder/metrics.jsonl" 2>/dev/null || echo 0)" -gt "$limit" ] || ! kill -0 $supervisor 2>/dev/null; do
    sleep 0.01
    waited=$((waited + 1))
    [ $waited -lt 6000 ] || break
  done
  local all
  all=$(family $supervisor)
  kill -9 $all 2>/dev/null || true
  wait $supervisor 2>/dev/null || true
  # A killed process takes a moment to go, and holds the run's lock until then.
  for pid in $all; do while [ -d "/proc/$pid" ]; do sleep 0.02; done; done
}

check() { # digest of a folder against the first one seen
  local digest
  digest=$("$lockstep" digest "$1")
  expected=${expected:-$digest}
  if [ "$digest" = "$expected" ]; then printf ' %s' "${digest:0:12}"; else printf ' %s (DIFFERS)' "${digest:0:12}"; wrong=$((wrong + 1)); fi
}

printf '%-7s %-7s %-8s %-11s %-12s %-12s\n' workers threads topology compression calm killed+resumed
for workers in 1 2 3 4; do
  for threads in 1 2; do
    for topology in ring server; do
      for compression in off zstd; do
        spread=(--workers $workers --threads $threads --topology $topology --compression $compression)
        name=$workers-$threads-$topology-$compression
        printf '%-7s %-7s %-8s %-11s' $workers $threads $topology $compression
        "$lockstep" train "${recipe[@]}" "${spread[@]}" --run calm-$name > calm-$name.log 2>&1 || { cat calm-$name.log; exit 1; }
        check calm-$name
        killed killed-$name "${recipe[@]}" "${spread[@]}"
        # Goes on with another number of workers and the other topology.
        other=$([ $topology = ring ] && echo server || echo ring)
        "$lockstep" resume killed-$name --workers $((5 - workers)) --topology $other > resume-$name.log 2>&1 \
          || { cat resume-$name.log; exit 1; }
        check killed-$name
        printf '\n'
        rm -rf calm-$name killed-$name
      done
    done
  done
done
[ $wrong = 0 ] && echo "one digest everywhere: $expected" || { echo "$wrong digests differ"; exit 1; }
