#!/usr/bin/env bash
# What networks, strangers and old copies do to a run, in network namespaces with addresses of their own. Each case must have a step
# within 20 s of the fault, a sentence that names the link, an end within 5 s of Control-C (where a link is slow, as long as its
# state takes to pass), and the digest of a calm run. Prints a table; exit 1 where a line fails.
# Needs root, iproute2, nftables and python3. Usage: Tests/System/network-faults.sh [path of lockstep] [case…]; without cases all of them,
# about twenty minutes. KEEP=1 keeps the logs.
#
#   swallow       a relay between two ring neighbours swallows one direction from a frame's boundary on, and acknowledges it
#   trickle       the same with every new link after its first frames: only the summation server is left
#   large         large packets between two of four neighbours are lost, both ways: another order of the ring is left
#   large-one     the same between two of three, one way: only the sender sees it
#   large-down, large-up   the way between a newcomer and the coordinator loses large packets, toward the one or the other
#   oneway        every packet from one neighbour to another is lost
#   twins         two workers with the same host name and process number (containers on one host's network)
#   uplink        a worker whose uplink has 1 Mbit/s, alone
#   uplink-ring   one with 2 Mbit/s in a ring of two
#   downlink      a worker with 1 Mbit/s towards it joins a run
#   claim         a worker that claims a newer state, beats, and never says that it is ready
#   refusal, garbage, silence   the coordinator is killed, and a stranger takes its port
#   old-copy      the coordinator is killed, and an older copy of its folder is started in its place
#   moved-copy    the same with the copy under another name
#   flip          bits flipped on a gradient link through a relay on the same host
set -euo pipefail
tests=$(realpath "$(dirname "$0")")
all=(swallow trickle large large-one large-down large-up oneway twins uplink uplink-ring downlink claim refusal garbage silence old-copy moved-copy flip)
lockstep=$(realpath "${1:-.build/release/lockstep}"); shift || true
cases=("$@"); [ $# -gt 0 ] || cases=("${all[@]}")
[ "$(id -u)" = 0 ] || { echo "needs root, to make network namespaces"; exit 1; }
for tool in ip tc nft python3 unshare; do
  command -v $tool > /dev/null || { echo "needs $tool (iproute2, nftables, python3, util-linux)"; exit 1; }
done
for name in "${cases[@]}"; do
  [[ " ${all[*]} " == *" $name "* ]] || { echo "there is no case $name; there are: ${all[*]}"; exit 64; }
done

place=$(mktemp -d)
bridge=lnbr$$
namespaces=(ln$$a ln$$b ln$$c ln$$d ln$$e)
hosts=("${namespaces[@]}")
cleanup() {
  [ -z "${watcher:-}" ] || kill "$watcher" 2> /dev/null || true
  for host in "${namespaces[@]}"; do
    for pid in $(ip netns pids "$host" 2> /dev/null); do kill -9 "$pid" 2> /dev/null || true; done
    ip netns del "$host" 2> /dev/null || true
  done
  ip link del $bridge 2> /dev/null || true
  if [ -n "${KEEP:-}" ]; then echo "everything is in $place"; else rm -rf "$place"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM
ip link add $bridge type bridge
ip link set $bridge up
for index in 0 1 2 3 4; do
  host=${hosts[$index]}
  ip netns add "$host"
  ip link add lnv$$$index type veth peer name eth0 netns "$host"
  ip link set lnv$$$index master $bridge up
  ip -n "$host" addr add 10.79.0.1$index/24 dev eth0
  ip -n "$host" link set eth0 up
  ip -n "$host" link set lo up
done
cd "$place"
(umask 077; head -c 32 /dev/urandom | base64 > token)
recipe=(--recipe quickstart --set data.train=2000 --set data.validation=500 --minibatch 100 --set figures.every_epochs=0
  --set evaluate.every_epochs=0 --set checkpoint.every_seconds=5)
for phase in reconstruction discriminator generator; do recipe+=(--set "phases.$phase.schedule={kind: constant}"); done
model=(--set model.encoder=[400,200] --set model.decoder=[200,400] --set model.discriminator=[100])
small=(--set model.encoder=[48,32] --set model.decoder=[32,48] --set model.discriminator=[24])
address=10.79.0.10:7700

# --- A run, its workers, and what can be said of it

on() { local index=$1; shift; exec ip netns exec "${hosts[$index]}" "$@"; }
lead() { # arguments of the coordinator, beyond the recipe; sets $coordinator
  (on 0 "$lockstep" coordinator "${recipe[@]}" "${shape[@]}" --run "${folder:-run}" --listen $address --token-file token "$@" \
    >> coordinator.log 2>&1) &
  coordinator=$!
}
work() { # index of the host, further arguments
  local index=$1; shift
  (on "$index" "$lockstep" worker --coordinator $address --token-file token --threads 1 "$@" >> worker-$index.log 2>&1) &
  workers+=($!); disown $!
}
reset() { # ends what is left of a case, and removes its faults
  troubles=()
  for host in "${namespaces[@]}"; do
    for pid in $(ip netns pids "$host" 2> /dev/null); do kill -9 "$pid" 2> /dev/null || true; done
    ip netns exec "$host" nft flush ruleset 2> /dev/null || true
    tc -n "$host" qdisc del dev eth0 root 2> /dev/null || true
  done
  for index in 0 1 2 3 4; do tc qdisc del dev lnv$$$index root 2> /dev/null || true; done
  [ -z "${watcher:-}" ] || kill "$watcher" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf run copy older newer coordinator.log worker-*.log relay.log progress flag peer.log
  workers=(); shape=("${model[@]}"); folder=run; watcher=""; limit=5
}
steps() { tail -n 1 progress 2> /dev/null | cut -d ' ' -f 2; }
until_step() { # step, seconds
  for ((n = 0; n < $2 * 10; n++)); do
    [ "$(steps || true)" != "" ] && [ "$(steps)" -ge "$1" ] && return 0
    kill -0 $coordinator 2> /dev/null || return 1
    sleep 0.1
  done
  return 1
}
watch() { (exec python3 "$tests/Peers/progress.py" run/metrics.jsonl copy/metrics.jsonl > progress) & watcher=$!; disown $!; }
now() { date +%s.%N; }
since() { python3 -c "import sys; print(f'{float(sys.argv[2]) - float(sys.argv[1]):.1f}')" "$1" "$(now)"; }
more() { python3 -c "import sys; sys.exit(not float(sys.argv[1]) > float(sys.argv[2]))" "$1" "$2"; }
gap() { # the longest time without a new step from $1 until now
  python3 - "$1" "$(now)" progress <<'P'
import sys
begin, end = map(float, sys.argv[1:3])
times = [float(line.split()[0]) for line in open(sys.argv[3])]
times = [begin] + [time for time in times if begin < time < end] + [end]
print(f"{max(b - a for a, b in zip(times, times[1:])):.1f}")
P
}
views() { grep -c '"what":"view"' run/metrics.jsonl 2> /dev/null || true; }

# --- The verdict on a case

failed=0
trouble() { troubles+=("$1"); }
show() { # columns: case, gap, Control-C, Control-C at once, views, digest
  printf '%-12s %9s %11s %11s %6s  %-10s %s\n' "$@"
}
interrupt() { # Control-C; says the seconds it took
  local at; at=$(now)
  kill -INT $coordinator 2> /dev/null || true
  for ((n = 0; n < (limit + 25) * 10; n++)); do kill -0 $coordinator 2> /dev/null || break; sleep 0.1; done
  took=$(since "$at")
  if kill -0 $coordinator 2> /dev/null; then
    trouble "Control-C does not end it"; kill -9 $coordinator; took=never
  elif more "$took" "$limit"; then
    trouble "Control-C takes $took s"
  fi
  wait $coordinator 2> /dev/null || true
}
compare() { # the run's newest checkpoint with a calm run of as many steps; with an argument there may be no checkpoint
  local step own
  step=$(ls "$folder/checkpoints" 2> /dev/null | grep '^step-[0-9]*$' | tail -n 1 | sed 's/step-0*//' || true)
  if [ -z "$step" ]; then
    digest=none; [ -n "${1:-}" ] || trouble "there is no checkpoint"
    return 0
  fi
  own=$("$lockstep" digest "$folder" --full 2>&1) || true
  [ -e calm-${shape[1]}-$step ] || "$lockstep" train "${recipe[@]}" "${shape[@]}" --epochs 100000 --steps "$step" --run calm > calm.log 2>&1 \
    || { cat calm.log; exit 1; }
  [ ! -d calm ] || "$lockstep" digest calm --full > calm-${shape[1]}-$step
  rm -rf calm
  digest=equal
  [ "$own" = "$(cat calm-${shape[1]}-$step)" ] || { digest=DIFFERS; trouble "digest $own after $step steps is not the calm run's"; }
}
conclude() { # case, gap, Control-C, Control-C at once, views
  show "$@" "$digest" "$([ ${#troubles[@]} = 0 ] && echo ok || echo FAILED)"
  for words in "${troubles[@]}"; do echo "             $words"; done
  if [ ${#troubles[@]} -gt 0 ]; then
    failed=1
    tail -n 12 coordinator.log 2> /dev/null | cut -c 1-200 | sed 's/^/             | /'
  fi
}
judge_gap() { # seconds without a step; every case leaves a way to go on
  longest=$1
  kill -0 $coordinator 2> /dev/null || { trouble "the run has ended by itself"; return 0; }
  if more "$1" 20; then trouble "no step for $1 s"; fi
}
judge_words() { # what the coordinator says of the link since the fault
  local named
  named=$(tail -n +"$((lines + 1))" coordinator.log | grep -aE 'gradient link (to|from|between)|cannot reach' | tail -n 1 || true)
  if [ -n "$named" ]; then echo "             says: ${named:0:180}"; else trouble "no sentence names the link"; fi
}
begin() { # number of workers, arguments of the coordinator: starts a run and awaits its first steps
  local count=$1; shift
  lead --epochs 100000 --workers "$count" "$@"
  watch
  for ((index = 1; index <= count; index++)); do
    # A case may give a worker's arguments in worker_1 …
    local -n more_arguments=worker_$index
    work $index "${more_arguments[@]}"
  done
  until_step 30 60 || { trouble "the run does not begin"; longest=- took=- digest=-; conclude "$name" - - - -; return 1; }
}
worker_1=() worker_2=() worker_3=() worker_4=()

# A fault on links between workers: how long the run stands, and Control-C long after it and just after it.
links() { # case, workers, fault
  local name=$1 count=$2 fault=$3
  reset; before; begin "$count" || return 0
  local at before_views
  at=$(now); before_views=$(views); lines=$(wc -l < coordinator.log)
  $fault
  sleep 40
  judge_gap "$(gap "$at")"
  judge_words
  local went=$(($(views) - before_views)) late
  interrupt; late=$took
  [ "$went" -gt 0 ] || more "$longest" 2 || trouble "the fault had no effect: that is no verdict"
  [ "$went" -lt 15 ] || trouble "$went views in 40 s"
  compare
  local so_far=("${troubles[@]}")
  [ ${#troubles[@]} = 0 ] || tail -n 12 coordinator.log | cut -c 1-200 | sed 's/^/             | /'
  reset; before; begin "$count" || return 0
  troubles=("${so_far[@]}")
  $fault
  sleep 2.5
  interrupt
  compare may-be-none
  conclude "$name" "$longest" "$late" "$took" "$went"
  before() { :; }; worker_1=() worker_2=() worker_3=() worker_4=()
}
before() { :; }
relay() { # manner, where, from, to: connections to `from` are passed on to `to`
  (on "$2" python3 "$tests/Peers/relay.py" "$3" "$4" "$place/flag" "$1" > relay.log 2>&1) &
  disown $!
  for ((n = 0; n < 50; n++)); do grep -q relaying relay.log 2> /dev/null && break; sleep 0.1; done
}
flag() { touch flag; }
filter() { # host, rules: which incoming packets are lost
  local index=$1; shift
  printf '%s\n' "table inet t {" "chain c {" "type filter hook input priority 0;" "${@/%/ drop}" "}" "}" \
    | ip netns exec "${hosts[$index]}" nft -f -
}
relayed() { worker_1=(--advertise 10.79.0.11:7801 --data-port 7702); }

case_swallow() { relayed; before() { relay swallow 1 10.79.0.11:7801 10.79.0.11:7702; }; links swallow 3 flag; }
case_trickle() { relayed; before() { relay trickle 1 10.79.0.11:7801 10.79.0.11:7702; }; links trickle 3 flag; }
next_of_first() { # the host whose worker the first one sends its gradients to
  ip netns exec "${hosts[1]}" ss -tniHO state established | python3 -c "import re, sys
sent = {}
for line in sys.stdin:
    peer, count = re.findall(r'10\.79\.0\.1(\d):', line)[1:2], re.search(r'bytes_sent:(\d+)', line)
    if peer and peer[0] != '0' and count: sent[peer[0]] = max(int(count.group(1)), sent.get(peer[0], 0))
print(max(sent, key=sent.get))"
}
large() {
  local other; other=$(next_of_first)
  filter "$other" "ip saddr 10.79.0.11 meta length > 700"
  filter 1 "ip saddr 10.79.0.1$other meta length > 700"
}
case_large() { links large 4 large; }
large_one() { filter "$(next_of_first)" "ip saddr 10.79.0.11 meta length > 700"; }
case_large-one() { links large-one 3 large_one; }
unfit() { # case, host that loses large packets, from which address: the second worker is refused with a sentence, and the run goes on with the first
  reset
  filter "$2" "ip saddr $3 meta length > 700"
  lead --epochs 100000 --workers 1:2
  watch
  work 1
  rm -f status
  (
    code=0
    (on 2 "$lockstep" worker --coordinator $address --token-file token --threads 1 >> worker-2.log 2>&1) || code=$?
    echo $code > status
  ) &
  disown $!
  for ((n = 0; n < 600; n++)); do [ -s status ] && break; sleep 0.1; done
  [ "$(cat status 2> /dev/null)" = 78 ] || trouble "the worker ends with $(cat status 2> /dev/null || echo nothing) instead of 78"
  grep -q 'refused a worker.*large ones are lost' coordinator.log || trouble "the coordinator does not say it"
  grep -q 'refused this worker: small messages pass .* large ones are lost' worker-2.log || trouble "the worker does not say it"
  until_step 30 60 || trouble "the run does not go on with the first"
  [ "$(grep -c ' is in: ' coordinator.log)" -le 4 ] || trouble "it joined again and again"
  grep -ah 'lockstep: ' worker-2.log | tail -n 1 | cut -c 1-220 | sed 's/^/             says: /' || true
  interrupt
  compare
  conclude "$1" - "$took" - "$(views)"
}
case_large-down() { unfit large-down 2 10.79.0.10; }
case_large-up() { unfit large-up 0 10.79.0.12; }
oneway() { filter "$(next_of_first)" "ip saddr 10.79.0.11"; }
case_oneway() { links oneway 3 oneway; }

case_twins() {
  reset
  lead --epochs 100000 --workers 2
  watch
  local before_log grown
  for index in 1 2; do
    (on $index unshare --pid --fork --kill-child "$lockstep" worker --coordinator $address --token-file token --threads 1 >> worker-$index.log 2>&1) &
    disown $!
  done
  local at; at=$(now); lines=0
  sleep 12
  before_log=$(stat -c %s coordinator.log)
  at=$(now)
  sleep 25
  judge_gap "$(gap "$at")"
  [ "$(steps)" != "" ] || trouble "no step at all"
  grown=$(($(stat -c %s coordinator.log) - before_log))
  [ "$grown" -lt 20000 ] || trouble "the log grew by $grown bytes in 25 s"
  local entries; entries=$(grep -c ' is in: ' coordinator.log || true)
  [ "$entries" -le 6 ] || trouble "$entries entries of two workers"
  local went; went=$(views)
  interrupt
  compare
  conclude twins "$longest" "$took" - "$went"
}

slow() { tc -n "${hosts[$1]}" qdisc replace dev eth0 root tbf rate "$2" burst 10kb limit 400kb; }
uplink() { # case, workers, rate, steps, the longest that Control-C may take: the state has to pass
  local name=$1 count=$2 rate=$3 end=$4 longest_end=$5 status=0
  lead --epochs 100000 --steps "$end" --workers "$count"
  watch
  for ((index = 1; index <= count; index++)); do work $index; done
  slow 1 "$rate"
  local at; at=$(now); longest=-
  for ((n = 0; n < 1500; n++)); do kill -0 $coordinator 2> /dev/null || break; sleep 0.1; done
  local took_all; took_all=$(since "$at")
  if kill -0 $coordinator 2> /dev/null; then trouble "the run does not end within 150 s"; kill -9 $coordinator; fi
  wait $coordinator || status=$?
  [ $status = 0 ] || trouble "status $status"
  local lost; lost=$(grep -c 'lost worker' coordinator.log || true)
  [ "$lost" = 0 ] || trouble "$lost times a worker was lost"
  local went; went=$(views)
  compare
  local keep=("${shape[@]}") so_far=("${troubles[@]}")
  reset
  shape=("${keep[@]}") troubles=("${so_far[@]}") limit=$longest_end
  lead --epochs 100000 --workers "$count"
  watch
  for ((index = 1; index <= count; index++)); do work $index; done
  slow 1 "$rate"
  sleep 12
  interrupt
  more 10 "$took" || grep -q 'the last one, .* a second Control-C ends it at once' coordinator.log || trouble "nobody says what Control-C waits for"
  compare may-be-none
  conclude "$name" "ended $took_all" "$took" - "$went"
}
case_uplink() { reset; uplink uplink 1 1mbit 100 90; }
case_uplink-ring() { reset; shape=("${small[@]}"); uplink uplink-ring 2 2mbit 20 20; }

case_downlink() {
  reset; begin 2 || return 0
  local at before_views; at=$(now); before_views=$(views); lines=$(wc -l < coordinator.log)
  tc qdisc replace dev lnv${$}3 root tbf rate 1mbit burst 10kb limit 400kb
  work 3
  sleep 45
  judge_gap "$(gap "$at")"
  if more "$longest" 5; then trouble "the joiner stalls the run for $longest s"; fi
  local told; told=$(grep -ahiE 'slow|keep up|Mbit|kB/s|MB/s' coordinator.log worker-3.log | tail -n 1 || true)
  if [ -n "$told" ]; then echo "             says: ${told:0:180}"; else trouble "nobody is told that the joiner's link is slow"; fi
  kill -0 "${workers[2]}" 2> /dev/null || trouble "the joiner has ended"
  local went=$(($(views) - before_views))
  interrupt
  compare
  conclude downlink "$longest" "$took" - "$went"
}

case_claim() {
  reset; begin 2 || return 0
  (on 3 python3 "$tests/Peers/claimant.py" $address "$lockstep" token > peer.log 2>&1) &
  disown $!
  for ((n = 0; n < 300; n++)); do grep -q 'with a claim\|refused' peer.log && break; sleep 0.1; done
  grep -q 'with a claim\|refused' peer.log || { trouble "the claim is not heard: that is no verdict"; cat peer.log; }
  local at; at=$(now); lines=$(wc -l < coordinator.log)
  kill -9 "${workers[1]}"   # the others meet anew, and ask who has the newest state
  sleep 1
  work 2
  sleep 25
  judge_gap "$(gap "$at")"
  local known; known=$(steps)
  kill -9 $coordinator; wait $coordinator 2> /dev/null || true
  at=$(now)
  lead --epochs 100000 --workers 2
  until_step $((known + 30)) 40 || trouble "no step for 40 s after the coordinator came back"
  judge_gap "$(gap "$at")"
  local went; went=$(views)
  interrupt
  compare
  conclude claim "$longest" "$took" - "$went"
}

kept() { # the workers still run, and so hold their state
  for pid in "${workers[@]}"; do kill -0 "$pid" 2> /dev/null || { trouble "a worker has ended, and its state with it"; return 0; }; done
}
stranger() { # manner
  reset; begin 2 || return 0
  local known; known=$(steps)
  kill -9 $coordinator; wait $coordinator 2> /dev/null || true
  (on 0 python3 "$tests/Peers/stranger.py" $address "$1" > peer.log 2>&1) &
  local peer=$!; disown $!
  sleep 10
  kept
  grep -q "answered with $1" peer.log || { [ "$1" = silence ] && [ -s peer.log ]; } || trouble "nobody met the stranger: that is no verdict"
  if LC_ALL=C grep -qaP '\x1b|\x07' worker-*.log; then trouble "its words reach the log as they are"; fi
  kill $peer
  local at; at=$(now); lines=$(wc -l < coordinator.log)
  lead --epochs 100000 --workers 2
  until_step $((known + 60)) 40 || trouble "no step within 40 s of the coordinator's return"
  judge_gap "$(gap "$at")"
  kept
  [ "$(grep -c 'comes back with the state' coordinator.log || true)" -ge 2 ] || trouble "the workers did not bring their state"
  interrupt
  compare
  conclude "$1" "$longest" "$took" - "$(views)"
}
case_refusal() { stranger refusal; }
case_garbage() { stranger garbage; }
case_silence() { stranger silence; }

older() { # case, where the older copy is started
  reset; begin 2 || return 0
  until_step 150 60 || true
  kill -9 $coordinator; wait $coordinator 2> /dev/null || true
  cp -a run older   # as of generation 1
  lead --epochs 100000 --workers 2
  local known; known=$(steps)
  until_step $((known + 300)) 120 || trouble "the run does not go on to hold 300 steps more"
  kill -9 $coordinator; wait $coordinator 2> /dev/null || true
  known=$(steps)
  if [ "$2" = run ]; then mv run newer; fi
  mv older "$2"
  local at; at=$(now); lines=$(wc -l < coordinator.log)
  folder=$2
  lead --epochs 100000 --workers 2   # it is generation 2 as well
  if until_step $((known + 30)) 25; then
    judge_gap "$(gap "$at")"
  else
    # A refusal is enough if the workers keep their state: then they go on with the folder that they know.
    kept
    kill -9 $coordinator 2> /dev/null || true; wait $coordinator 2> /dev/null || true
    grep -ah 'lockstep: \|warning' worker-1.log | tail -n 1 | cut -c 1-220 | sed 's/^/             says: /' || true
    if [ "$2" = run ]; then rm -rf run; mv newer run; fi
    folder=run; at=$(now)
    lead --epochs 100000 --workers 2
    until_step $((known + 30)) 40 || trouble "nor do they go on with the folder that they know"
    longest=refused
  fi
  grep -q "comes back with the state" coordinator.log || trouble "the workers did not bring their state"
  interrupt
  compare
  conclude "$1" "$longest" "$took" - "$(views)"
}
case_old-copy() { older old-copy run; }
case_moved-copy() { older moved-copy copy; }

case_flip() {
  reset
  address=127.0.0.1:7700
  local home=("${hosts[@]}"); hosts=("${home[0]}" "${home[0]}" "${home[0]}" "${home[3]}" "${home[4]}")
  worker_1=(--advertise 127.0.0.1:7801 --data-port 7702)
  relay flip 0 127.0.0.1:7801 127.0.0.1:7702
  if begin 2; then flipping; fi
  hosts=("${home[@]}"); worker_1=(); address=10.79.0.10:7700
}
flipping() {
  flag
  local at; at=$(now); lines=0
  sleep 25
  judge_gap "$(gap "$at")"
  local flips; flips=$(grep -c flipped relay.log || true)
  [ "$flips" -gt 0 ] || trouble "no bit was flipped: that is no verdict"
  rm flag   # or the last steps could not be done
  interrupt
  compare
  conclude flip "$longest" "$took" - "$(views)"
}

show case "gap, s" "Ctrl-C, s" "at once, s" views digest ""
for name in "${cases[@]}"; do case_$name; done
exit $failed
