#!/usr/bin/env bash
# Prints the same-bits matrix: workers x threads x topology x compression x what happened to the run: nothing; everything
# killed and resumed elsewhere; a worker killed; two killed; the coordinator killed; a worker joined. The rows take turns
# over several models, so that every number of workers meets each: wide and narrow layers, odd shards, short last minibatches.
# A second table has variants of the paper x workers x topology: calm, a worker killed, everything killed and resumed elsewhere.
# Usage: Tests/System/matrix.sh [path of lockstep [models|variants]]. Exits 1 where a digest differs. About 25 minutes on two cores.
set -euo pipefail
lockstep=$(realpath "${1:-.build/release/lockstep}")
tables=${2:-models variants}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
common=(--recipe quickstart --set data.validation=500 --epochs 3 --set figures.every_epochs=0 --set checkpoint.every_steps=7)
# Rates that never fall to nothing: every step changes every weight.
for phase in reconstruction discriminator generator; do common+=(--set "phases.$phase.schedule={kind: constant}"); done
# Names and settings: encoder, decoder, discriminator; images of an epoch, minibatch, shards. The second's products have few
# outputs; the third's last minibatch is one image, so that four of its five shards are empty.
names=(even narrow odd wide)
models=("[200,100] [100,200] [100] 2000 100 4" "[64] [64] [400] 2030 100 4" "[17,333] [65] [7] 1000 37 5"
  "[1000,31] [129] [401,3] 1999 150 7")
declare -A expected=()
choose() { # number of a model: sets `model` and `recipe`
  local encoder decoder discriminator images minibatch shards
  model=$1
  read -r encoder decoder discriminator images minibatch shards <<< "${models[$model]}"
  recipe=("${common[@]}" --set model.encoder=$encoder --set model.decoder=$decoder --set model.discriminator=$discriminator
    --set data.train=$images --minibatch $minibatch --set shards=$shards)
}
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

# Waits until a run's metrics have so many bytes (a step's line has some 500), or it has ended.
reached() { # folder, bytes, pid
  local waited=0
  until [ "$(stat -c %s "$1/metrics.jsonl" 2>/dev/null || echo 0)" -gt "$2" ] || ! kill -0 "$3" 2>/dev/null; do
    sleep 0.01
    waited=$((waited + 1))
    [ $waited -lt 6000 ] || return 1
  done
}

children() { # of a supervisor, by subcommand
  for pid in $(pgrep -P "$1" || true); do
    if tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -q " $2 "; then echo "$pid"; fi
  done
}

struck() { # folder, how many workers (or the coordinator) to kill at a random moment, arguments of train: the run goes on by itself
  local folder=$1 victims=$2; shift 2
  "$lockstep" train "$@" --run "$folder" > "$folder.log" 2>&1 &
  local supervisor=$!
  reached "$folder" $((1000 + RANDOM % 12000)) $supervisor || true
  if [ "$victims" = coordinator ]; then
    kill -9 $(children $supervisor coordinator) 2>/dev/null || true
  else
    kill -9 $(children $supervisor worker | shuf | head -n "$victims") 2>/dev/null || true
  fi
  wait $supervisor || { cat "$folder.log"; exit 1; }
}

joined() { # folder, port, threads, arguments of coordinator: one more worker joins during the run
  local folder=$1 port=$2 threads=$3 workers=$4; shift 4
  "$lockstep" coordinator "$@" --workers "$workers" --listen 127.0.0.1:$port --run "$folder" > "$folder.log" 2>&1 &
  local coordinator=$! pids=()
  for ((n = 0; n < workers; n++)); do
    "$lockstep" worker --coordinator 127.0.0.1:$port --threads "$threads" > "$folder-worker-$n.log" 2>&1 & pids+=($!)
  done
  reached "$folder" $((1000 + RANDOM % 8000)) $coordinator || true
  "$lockstep" worker --coordinator 127.0.0.1:$port --threads "$threads" > "$folder-newcomer.log" 2>&1 & pids+=($!)
  wait $coordinator || { cat "$folder.log"; exit 1; }
  # A newcomer that came after the end of the run finds no coordinator, so it is ended here.
  kill "${pids[@]}" 2>/dev/null || true
  wait "${pids[@]}" 2>/dev/null || true
}

check() { # digest of a folder against the first one seen of its model
  local digest
  digest=$("$lockstep" digest "$1" --full)
  expected[$model]=${expected[$model]:-$digest}
  if [ "$digest" = "${expected[$model]}" ]; then printf ' %s' "${digest:0:12}"; else printf ' %s (DIFFERS)' "${digest:0:12}"; wrong=$((wrong + 1)); fi
}

models_table() {
  printf '%-7s %-7s %-7s %-8s %-11s %-12s %-12s %-12s %-12s %-12s %-12s\n' model workers threads topology compression calm \
    all+resumed 1-killed 2-killed coordinator joined
  local port row workers threads topology compression spread name other victims
  port=$((20000 + RANDOM % 20000))
  row=0
  for workers in 1 2 3 4; do
    for threads in 1 2; do
      for topology in ring server; do
        for compression in off zstd; do
          # Every number of workers and threads meets all models, each with another topology and compression than the last time.
          choose $(((row + row / 4) % 4))
          row=$((row + 1))
          spread=(--workers $workers --threads $threads --topology $topology --compression $compression)
          name=$workers-$threads-$topology-$compression
          printf '%-7s %-7s %-7s %-8s %-11s' ${names[$model]} $workers $threads $topology $compression
          "$lockstep" train "${recipe[@]}" "${spread[@]}" --run calm-$name > calm-$name.log 2>&1 || { cat calm-$name.log; exit 1; }
          check calm-$name
          killed killed-$name "${recipe[@]}" "${spread[@]}"
          # Goes on with another number of workers and the other topology.
          other=$([ $topology = ring ] && echo server || echo ring)
          "$lockstep" resume killed-$name --workers $((5 - workers)) --topology $other > resume-$name.log 2>&1 \
            || { cat resume-$name.log; exit 1; }
          check killed-$name
          for victims in 1 2 coordinator; do
            struck struck-$name $victims "${recipe[@]}" "${spread[@]}"
            check struck-$name
            rm -rf struck-$name
          done
          port=$((port + 1))
          joined joined-$name $port $threads $workers "${recipe[@]}" --topology $topology --compression $compression
          check joined-$name
          printf '\n'
          rm -rf calm-$name killed-$name joined-$name
        done
      done
    done
  done
}

# Variants: a name, and settings over the short recipe of the variant. Labels have a minibatch of their own that no number of shards divides.
small=(--epochs 3 --set figures.every_epochs=0 --set evaluate.every_epochs=0 --set checkpoint.every_steps=7 --set data.train=1000
  --set data.validation=500 --set model.decoder=[100,200])
variant_names=(semi-supervised clustering label-informed-roll vae reduction)
variant_settings=("labels.minibatch=33 model.encoder=[200,100] model.discriminator=[100]"
  "norm.encoder=batch norm.heads=batch norm.decoder=batch model.encoder=[200,100] model.discriminator=[100]"
  "labels.count=200 noise.discriminator=0.1 model.encoder=[200,100] model.discriminator=[100]"
  "model.encoder=[200,100] dropout.hidden=0.2"
  "norm.encoder=batch model.encoder=[200,100] model.discriminator=[100]")

variants_table() {
  local number workers topology setting name other spread
  printf '%-20s %-7s %-8s %-12s %-12s %-12s\n' variant workers topology calm 1-killed all+resumed
  for number in "${!variant_names[@]}"; do
    model=variant-$number
    recipe=(--recipe "${variant_names[$number]}" "${small[@]}")
    for setting in ${variant_settings[$number]}; do recipe+=(--set "$setting"); done
    for workers in 1 2 3; do
      for topology in ring server; do
        spread=(--workers $workers --topology $topology)
        name=$number-$workers-$topology
        printf '%-20s %-7s %-8s' "${variant_names[$number]}" $workers $topology
        "$lockstep" train "${recipe[@]}" "${spread[@]}" --run calm-$name > calm-$name.log 2>&1 || { cat calm-$name.log; exit 1; }
        check calm-$name
        struck struck-$name 1 "${recipe[@]}" "${spread[@]}"
        check struck-$name
        killed killed-$name "${recipe[@]}" "${spread[@]}"
        other=$([ $topology = ring ] && echo server || echo ring)
        "$lockstep" resume killed-$name --workers $((4 - workers)) --topology $other > resume-$name.log 2>&1 \
          || { cat resume-$name.log; exit 1; }
        check killed-$name
        printf '\n'
        rm -rf calm-$name struck-$name killed-$name
      done
    done
  done
}

for table in $tables; do ${table}_table; done
[ $wrong = 0 ] || { echo "$wrong digests differ"; exit 1; }
echo "one digest everywhere:"
for model in "${!expected[@]}"; do
  case $model in
    variant-*) name=${variant_names[${model#variant-}]} ;;
    *) name=${names[$model]} ;;
  esac
  echo "  $name ${expected[$model]}"
done
