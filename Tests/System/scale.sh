#!/usr/bin/env bash
# What a step costs on 1 to 8 processes of this machine, and on hosts behind links that are shaped (network namespaces, tc tbf), beside what
# `lockstep plan` predicts. Prints a table; exits with 1 where a prediction is off by more than a fifth. Measure where nothing else runs.
# Needs root, iproute2 and python3. Usage: Tests/System/scale.sh [path of lockstep] [case…]; a case is here:N, hosts:N:RATE[:BITS], or
# sums:N:M:RATE[:BITS]: N workers whose gradients M summation servers sum, each behind such a link; with M = 0 the coordinator. About ten minutes
# without cases. MINIBATCH=256 replaces 100, and STEPS=40 as many steps as take ten seconds;
# KEEP=1 keeps the last run and the logs.
set -euo pipefail
lockstep=$(realpath "${1:-.build/release/lockstep}"); shift || true
cases=("$@")
[ $# -gt 0 ] || cases=(here:1 here:2 here:3 here:4 here:6 here:8 hosts:2:1gbit hosts:2:100mbit hosts:3:1gbit hosts:4:1gbit
  hosts:2:100mbit:16 hosts:2:100mbit:12 hosts:2:100mbit:8 hosts:2:1gbit:16
  sums:4:0:100mbit:16 sums:4:2:100mbit:16)
minibatch=${MINIBATCH:-100}
[ "$(id -u)" = 0 ] || { echo "needs root, to make network namespaces"; exit 1; }
for tool in ip tc python3; do command -v $tool > /dev/null || { echo "needs $tool (iproute2, python3)"; exit 1; }; done

place=$(mktemp -d)
bridge=lcbr$$
hosts=()
clean_hosts() {
  for host in "${hosts[@]}"; do
    for pid in $(ip netns pids "$host" 2> /dev/null); do kill -9 "$pid" 2> /dev/null || true; done
    ip netns del "$host" 2> /dev/null || true
  done
  hosts=()
  ip link del $bridge 2> /dev/null || true
}
cleanup() {
  clean_hosts
  if [ -n "${KEEP:-}" ]; then echo "everything is in $place"; else rm -rf "$place"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM
cd "$place"
(umask 077; head -c 32 /dev/urandom | base64 > token)
make_hosts() { # number, rate, first: the coordinator's host is number 0; from `first` on links are shaped
  ip link add $bridge type bridge
  ip link set $bridge up
  for ((index = 0; index <= $1; index++)); do
    local host=lc$$h$index
    hosts+=("$host")
    ip netns add "$host"
    ip link add lcv$$x$index type veth peer name eth0 netns "$host"
    ip link set lcv$$x$index master $bridge up
    ip -n "$host" addr add 10.81.0.$((10 + index))/24 dev eth0
    ip -n "$host" link set eth0 up
    ip -n "$host" link set lo up
    [ $index -ge "$3" ] || continue
    # A shaper's burst passes without limit, so it is no larger than the shaper needs to hold its rate.
    local burst=64kb
    case $2 in *gbit) burst=256kb ;; esac
    tc -n "$host" qdisc add dev eth0 root tbf rate "$2" burst $burst latency 400ms
    tc qdisc add dev lcv$$x$index root tbf rate "$2" burst $burst latency 400ms
  done
}
recipe=(--recipe mnist-likelihood --set data.set=glyphs --minibatch "$minibatch" --set evaluate.every_epochs=0 --set figures.every_epochs=0
  --set checkpoint.every_seconds=0 --set checkpoint.every_epochs=0)

# Milliseconds of a step, the first ten left out.
measured() { python3 - "$1" <<'P'
import json, sys
seconds = [line["seconds"] for line in map(json.loads, open(sys.argv[1])) if line["kind"] == "step"]
print(f"{1e3 * (seconds[-1] - seconds[9]) / (len(seconds) - 10):.2f}")
P
}
steps_for() { python3 -c "print(max(20, min(300, int(10000 / $1) + 10)))"; }   # about ten seconds
forecast() { # arguments of plan; sets $predicted and $way
  read -r predicted way < <("$lockstep" plan "${recipe[@]}" "$@" --json 2> plan.log \
    | python3 -c 'import json, sys; r = json.load(sys.stdin)[0]; print("%.2f" % r["milliseconds"], r["topology"] or "ring", r["coding"] or "-", r["shards"])')
}
packing() { case $1 in off | zstd | entropy) echo "$1" ;; *) echo auto ;; esac }
worst=0
printf '%-22s %8s %12s %14s %8s\n' case shards "measured ms" "predicted ms" ratio
for name in "${cases[@]}"; do
  IFS=: read -r kind count rate bits <<< "$name"
  servers=0
  [ "$kind" != sums ] || IFS=: read -r kind count servers rate bits <<< "$name"
  extra=(); [ -z "${bits:-}" ] || extra=(--gradient-bits "$bits")
  rm -rf run
  case $kind in
    here)
      forecast "${extra[@]}" --workers "$count"
      read -r topology coding shards <<< "$way"
      steps=${STEPS:-$(steps_for "$predicted")}
      threads=$(python3 -c "print(max(1, $(nproc) // $count))")
      "$lockstep" train "${recipe[@]}" "${extra[@]}" --set shards="$shards" --steps "$steps" --workers "$count" --threads "$threads" \
        --topology "$topology" --compression "$(packing "$coding")" --run run > run.log 2>&1 || { cat run.log; exit 1; } ;;
    hosts | sums)
      # All hosts are this machine: each has its share of the cores, one thread at the least.
      threads=$(python3 -c "print(max(1, $(nproc) // $count))")
      ways=(); first=1; run=()
      if [ $kind = sums ]; then ways=(--topology server --servers "$servers"); run=(--servers "$servers"); first=0; fi
      forecast "${extra[@]}" --workers "$count" --link "$rate" --threads "$threads" --here "${ways[@]}"
      read -r topology coding shards <<< "$way"
      steps=${STEPS:-$(steps_for "$predicted")}
      make_hosts $((count + servers)) "$rate" $first
      (exec ip netns exec "${hosts[0]}" timeout 300 "$lockstep" coordinator "${recipe[@]}" "${extra[@]}" --set shards="$shards" --steps "$steps" \
        --workers "$count" --topology "$topology" "${run[@]}" --compression "$(packing "$coding")" --run run --listen 10.81.0.10:7700 --token-file token > run.log 2>&1) & coordinator=$!
      for ((index = 1; index <= count; index++)); do
        (exec ip netns exec "${hosts[$index]}" timeout 300 "$lockstep" worker --coordinator 10.81.0.10:7700 --token-file token \
          --threads "$threads" > worker-$index.log 2>&1) &
      done
      for ((index = count + 1; index <= count + servers; index++)); do
        (exec ip netns exec "${hosts[$index]}" timeout 300 "$lockstep" server --coordinator 10.81.0.10:7700 --token-file token \
          > server-$index.log 2>&1) &
      done
      wait $coordinator || { cat run.log worker-*.log; exit 1; }
      wait
      clean_hosts ;;
    *) echo "there is no case $name; write here:N, hosts:N:RATE[:BITS] or sums:N:M:RATE[:BITS]"; exit 64 ;;
  esac
  found=$(measured run/metrics.jsonl)
  ratio=$(python3 -c "print(f'{$predicted / $found:.2f}')")
  printf '%-22s %8s %12s %14s %8s   %s\n' "$name" "$shards" "$found" "$predicted" "$ratio" "$topology $coding"
  worst=$(python3 -c "print(max($worst, abs($ratio - 1)))")
done
python3 -c "import sys; print(f'the worst prediction is off by {100 * $worst:.0f} %'); sys.exit($worst > 0.2)"
