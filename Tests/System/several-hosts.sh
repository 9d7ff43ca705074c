#!/usr/bin/env bash
# Coordinator and three workers in four network namespaces with addresses of their own, with a token, ring and server, IPv4
# and IPv6, and with one host's link cut for 5 s and for 30 s: one digest, the one of a run on one machine. Needs root and
# iproute2. Usage: Tests/System/several-hosts.sh [path of lockstep]. About four minutes.
set -euo pipefail
lockstep=$(realpath "${1:-.build/release/lockstep}")
[ "$(id -u)" = 0 ] || { echo "needs root, to make network namespaces"; exit 1; }
place=$(mktemp -d)
bridge=lsbr$$
hosts=(ls$$a ls$$b ls$$c ls$$d)
cleanup() {
  for host in "${hosts[@]}"; do
    for pid in $(ip netns pids "$host" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
    ip netns del "$host" 2>/dev/null || true
  done
  ip link del $bridge 2>/dev/null || true
  rm -rf "$place"
}
trap cleanup EXIT
ip link add $bridge type bridge
ip link set $bridge up
for index in 0 1 2 3; do
  host=${hosts[$index]}
  ip netns add "$host"
  ip link add veth$$$index type veth peer name eth0 netns "$host"
  ip link set veth$$$index master $bridge up
  ip -n "$host" addr add 10.77.0.1$index/24 dev eth0
  ip -n "$host" addr add fd77::1$index/64 dev eth0 nodad
  ip -n "$host" link set eth0 up
  ip -n "$host" link set lo up
done
cd "$place"
recipe=(--recipe quickstart --set data.train=2000 --set data.validation=500 --epochs 2 --minibatch 100
  --set model.encoder=[200,100] --set model.decoder=[100,200] --set model.discriminator=[100] --set figures.every_epochs=0)
for phase in reconstruction discriminator generator; do recipe+=(--set "phases.$phase.schedule={kind: constant}"); done
(umask 077; head -c 32 /dev/urandom | base64 > token)
"$lockstep" train "${recipe[@]}" --run alone > alone.log 2>&1 || { cat alone.log; exit 1; }
expected=$("$lockstep" digest alone --full)
echo "one machine                        $expected"

run() { # label, coordinator address to listen on, address to dial, topology, extra worker options
  local label=$1 listen=$2 dial=$3 topology=$4; shift 4
  rm -rf run
  ip netns exec "${hosts[0]}" timeout 120 "$lockstep" coordinator "${recipe[@]}" --run run --listen "$listen" --token-file token \
    --workers 3 --topology "$topology" --data-port 7701 > coordinator.log 2>&1 &
  local coordinator=$!
  for index in 1 2 3; do
    ip netns exec "${hosts[$index]}" timeout 120 "$lockstep" worker --coordinator "$dial" --token-file token --threads 1 --data-port 7702 \
      "$@" > worker-$index.log 2>&1 &
  done
  wait $coordinator || { cat coordinator.log worker-*.log; exit 1; }
  wait
  local digest
  digest=$("$lockstep" digest run --full)
  printf '%-34s %s\n' "$label" "$digest"
  [ "$digest" = "$expected" ] || { echo "the digests differ"; exit 1; }
}
run "four hosts, ring, IPv4" 10.77.0.10:7700 10.77.0.10:7700 ring
run "four hosts, server, IPv4" 0.0.0.0:7700 10.77.0.10:7700 server
run "four hosts, ring, IPv6" "[::]:7700" "[fd77::10]:7700" ring
run "four hosts, server, IPv6" "[fd77::10]:7700" "[fd77::10]:7700" server

# One host's link is cut and restored: the others go on, the host comes back as a new worker, and the weights are the same.
long=("${recipe[@]}" --epochs 400 --set evaluate.every_epochs=0)
sever() { # label, topology, seconds
  local label=$1 topology=$2 seconds=$3
  rm -rf run
  ip netns exec "${hosts[0]}" timeout 300 "$lockstep" coordinator "${long[@]}" --run run --listen 10.77.0.10:7700 --token-file token \
    --workers 3 --topology "$topology" > coordinator.log 2>&1 &
  local coordinator=$!
  for index in 1 2 3; do
    ip netns exec "${hosts[$index]}" timeout 300 "$lockstep" worker --coordinator 10.77.0.10:7700 --token-file token --threads 1 \
      > worker-$index.log 2>&1 &
  done
  for ((n = 0; n < 600; n++)); do grep -q '"kind":"step"' run/metrics.jsonl 2>/dev/null && break; sleep 0.1; done
  ip link set veth${$}3 down
  sleep "$seconds"
  ip link set veth${$}3 up
  for ((n = 0; n < 300; n++)); do [ "$(grep -c 'comes back with the state' coordinator.log)" -ge 1 ] && break; sleep 0.1; done
  sleep 2
  pkill -TERM -P $coordinator   # the child of `timeout`
  wait $coordinator || { cat coordinator.log worker-*.log; exit 1; }
  wait
  local steps digest
  steps=$(tail -n 1 run/steps.log | cut -d ' ' -f 1)
  digest=$("$lockstep" digest run --full)
  rm -rf again
  "$lockstep" train "${long[@]}" --steps "$steps" --run again > again.log 2>&1 || { cat again.log; exit 1; }
  printf '%-34s %s (%s steps)\n' "$label" "$digest" "$steps"
  [ "$digest" = "$("$lockstep" digest again --full)" ] || { echo "the digests differ"; cat coordinator.log; exit 1; }
  grep -E "lost worker|comes back" coordinator.log | tail -n 2
}
for topology in ring server; do
  for seconds in 5 30; do sever "link cut for $seconds s, $topology" $topology $seconds; done
done

# Neighbours that cannot be dialled are named, the summation server stands in for the ring, and its topology is suggested.
ip netns exec "${hosts[0]}" timeout 60 "$lockstep" coordinator "${recipe[@]}" --run blocked --listen 10.77.0.10:7700 --insecure \
  --workers 2 > coordinator.log 2>&1 &
coordinator=$!
for index in 1 2; do
  ip netns exec "${hosts[$index]}" timeout 60 "$lockstep" worker --coordinator 10.77.0.10:7700 --insecure --threads 1 \
    --advertise 10.77.0.1$index:9 > worker-$index.log 2>&1 &
done
if ! wait $coordinator; then echo "a run whose workers reach the coordinator alone failed"; cat coordinator.log; exit 1; fi
wait || true
grep -q "stands in for it" coordinator.log || { echo "nobody says that the server stands in"; exit 1; }
grep -o "worker .* cannot reach .*" coordinator.log | head -n 1
grep -q "topology server" coordinator.log
