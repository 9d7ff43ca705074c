#!/usr/bin/env bash
# `lockstep doctor -H` and `lockstep launch -H` over real sshd's in network namespaces with addresses of their own. Checks that
# the digest is that of a run on one machine, that signals leave no process, and what is said of hosts that are not ready.
# Needs root, iproute2, nftables, openssh-server and openssh-client. Usage: Tests/System/launch.sh [path of lockstep]
set -euo pipefail
lockstep=$(realpath "${1:-.build/release/lockstep}")
[ "$(id -u)" = 0 ] || { echo "needs root, to make network namespaces"; exit 1; }
for tool in ip nft ssh ssh-keygen /usr/sbin/sshd; do
  command -v $tool >/dev/null || { echo "needs $tool (iproute2, nftables, openssh-server, openssh-client)"; exit 1; }
done
place=$(mktemp -d)
bridge=llbr$$
here=ll$$a; b=ll$$b; c=ll$$c
hosts=("$here" "$b" "$c")
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
for index in 0 1 2; do
  host=${hosts[$index]}
  ip netns add "$host"
  ip link add llv$$$index type veth peer name eth0 netns "$host"
  ip link set llv$$$index master $bridge up
  ip -n "$host" addr add 10.78.0.1$index/24 dev eth0
  ip -n "$host" addr add fd78::1$index/64 dev eth0 nodad
  ip -n "$host" addr add fe80::1$index/64 dev eth0 nodad
  ip -n "$host" link set eth0 up
  ip -n "$host" link set lo up
done

# An sshd in each host, with keys that live as long as this script.
cd "$place"
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f user
for index in 1 2; do
  ssh-keygen -q -t ed25519 -N '' -f host$index
  echo "10.78.0.1$index,fd78::1$index,fe80::1$index%eth0 $(cut -d' ' -f1,2 host$index.pub)" >> known
  printf '%s\n' "Port 22" "HostKey $place/host$index" "AuthorizedKeysFile $place/user.pub" "PermitRootLogin yes" "StrictModes no" \
    "UsePAM no" "PidFile none" "PasswordAuthentication no" > sshd$index
  ip netns exec "${hosts[$index]}" /usr/sbin/sshd -D -e -f sshd$index 2> sshd$index.log & disown $!
done
shell="ssh -F none -i $place/user -o UserKnownHostsFile=$place/known"
on() { local host=$1; shift; ip netns exec "$host" timeout 120 "$@"; }
eventually() { # seconds, command
  local end=$((SECONDS + $1)); shift
  until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done
}
eventually 10 on "$here" bash -c 'true < /dev/tcp/10.78.0.11/22 && true < /dev/tcp/10.78.0.12/22' 2> /dev/null

processes() { # lockstep processes of the namespaces
  for host in "${hosts[@]}"; do
    for pid in $(ip netns pids "$host"); do
      [ "$(readlink "/proc/$pid/exe" 2> /dev/null)" = "$lockstep" ] && echo "$host $pid $(tr '\0' ' ' < "/proc/$pid/cmdline")" || true
    done
  done
}
nobody() { [ -z "$(processes)" ]; }
nothing_left() { eventually 10 nobody || { echo "left running:"; processes; exit 1; }; }
fail() { echo "$1"; shift; cat "$@"; exit 1; }
recipe=(--recipe quickstart --set data.train=2000 --set data.validation=500 --epochs 2 --minibatch 100
  --set model.encoder=[200,100] --set model.decoder=[100,200] --set model.discriminator=[100] --set figures.every_epochs=0)
launch() { on "$here" "$lockstep" launch --ssh "$shell" "$@"; }

# The doctor.
on "$here" "$lockstep" doctor -H 10.78.0.11,10.78.0.12 --ssh "$shell" > doctor.log 2>&1 || fail "doctor:" doctor.log
cat doctor.log
for word in 10.78.0.10: 10.78.0.11: 10.78.0.12: 'same bits' fsync 'round trip'; do
  grep -q -- "$word" doctor.log || fail "the doctor does not say $word" doctor.log
done
on "$here" "$lockstep" doctor -H 10.78.0.11,10.78.0.12 --ssh "$shell" --quick --json > doctor.json 2> doctor.log || fail "doctor:" doctor.log
grep -q '"ready":true' doctor.json
nothing_left

# The same bits.
"$lockstep" train "${recipe[@]}" --run alone > alone.log 2>&1 || fail "train:" alone.log
expected=$("$lockstep" digest alone)
echo "one machine                    $expected"
run() { # label, arguments
  local label=$1; shift
  rm -rf run
  launch "${recipe[@]}" --run run "$@" > launch.log 2>&1 || fail "$label:" launch.log
  local digest
  digest=$("$lockstep" digest run)
  printf '%-30s %s\n' "$label" "$digest"
  [ "$digest" = "$expected" ] || fail "the digests differ" launch.log
  nothing_left
}
run "two hosts, ring" -H 10.78.0.11:2,10.78.0.12:1
grep -q '^\[10.78.0.11/1\] ' launch.log && grep -q '^\[10.78.0.12/0\] ' launch.log || fail "lines without host and slot" launch.log
printf '# two hosts\n10.78.0.11:1\nroot@10.78.0.12 slots=2  # the larger one\n' > hostfile
run "two hosts, server, hostfile" --hostfile hostfile --topology server
run "two hosts, ring, IPv6, ports" -H '[fd78::11]:2,[fd78::12]:1' --port 7700 --data-port 7710
run "one host" -H 10.78.0.11:2

# Signals. The long run would take hours.
long=(--epochs 100000 --set evaluate.every_epochs=0 --set checkpoint.every_seconds=1)
begin() { # run folder, arguments: a launch in the background that has trained some steps; its process in $launcher
  local folder=$1; shift
  rm -rf "$folder"
  ip netns exec "$here" "$lockstep" launch --ssh "$shell" -H 10.78.0.11:2,10.78.0.12:1 "${recipe[@]}" "${long[@]}" --run "$folder" "$@" \
    > launch.log 2>&1 &
  launcher=$!
  eventually 60 bash -c "ls $folder/checkpoints 2> /dev/null | grep -q step" || fail "no checkpoint" launch.log
}
ended() { ! kill -0 "$launcher" 2> /dev/null; }
for signal in TERM INT; do
  begin stopped
  kill -$signal "$launcher"
  eventually 20 ended || fail "does not end on SIG$signal" launch.log
  wait "$launcher" || fail "SIG$signal: status $?" launch.log
  grep -q "lockstep resume" launch.log || fail "no word on resume" launch.log
  nothing_left
  echo "SIG$signal: checkpoint, 0, nothing left"
done
step=$(grep -o 'stopped (SIGINT) after step [0-9]*' launch.log | grep -o '[0-9]*$')
launch -H 10.78.0.12:2 --resume stopped --steps $((step + 5)) > launch.log 2>&1 || fail "launch --resume:" launch.log
grep -q "going on from the checkpoint after step $step" launch.log || fail "did not go on" launch.log
nothing_left
echo "launch --resume goes on from step $step"

begin hung
coordinator=$(processes | grep ' coordinator ' | cut -d' ' -f2)
# After one SIGCONT the coordinator would end as it should, so it is stopped again and again.
(while kill -STOP "$coordinator" 2> /dev/null; do sleep 0.01; done) &
kill -TERM "$launcher"; sleep 0.5; kill -TERM "$launcher"
eventually 10 ended || fail "does not end on a second signal" launch.log
status=0; wait "$launcher" || status=$?
[ $status = 143 ] || fail "second SIGTERM: status $status" launch.log
nothing_left
echo "a second signal: 143, nothing left"

begin killed
kill -KILL "$launcher"
wait "$launcher" 2> /dev/null || true
nothing_left
echo "a killed launcher takes everything with it"

# The run goes on whatever dies: a worker, a connection with its workers, the coordinator. The bits stay the same.
begin broken
says() { grep -q -- "$1" launch.log; }
goes_on() { # steps are taken after this moment
  local before; before=$(wc -l < broken/metrics.jsonl)
  eventually 60 bash -c "[ \$(wc -l < broken/metrics.jsonl) -gt $((before + 20)) ]" || fail "the run does not go on after $1" launch.log
}
kill -KILL "$(processes | grep "^$b .* worker " | head -n 1 | cut -d' ' -f2)"
eventually 20 says '^\[10.78.0.11/[01]\] ended (killed by SIGKILL); it is started again' || fail "the worker's death is not told" launch.log
goes_on "a worker's death"
session=$(for pid in $(ip netns pids "$c"); do
  if [ "$(cat "/proc/$pid/comm")" = sshd ] && [ "$(ps -o ppid= -p "$pid" | tr -d ' ')" != $$ ]; then echo "$pid"; fi; done)
kill -KILL $session
eventually 20 says '^\[10.78.0.12\] the connection is gone' || fail "the broken connection is not told" launch.log
eventually 60 says '^\[10.78.0.12\] is there again' || fail "no new connection" launch.log
goes_on "a broken connection"
kill -KILL "$(processes | grep ' coordinator ' | cut -d' ' -f2)"
eventually 20 says 'the coordinator .* it is started again' || fail "the coordinator's death is not told" launch.log
goes_on "the coordinator's death"
kill -TERM "$launcher"
eventually 30 ended || fail "does not end" launch.log
wait "$launcher" || fail "status $? after deaths" launch.log
nothing_left
step=$(grep -o 'stopped (SIGTERM) after step [0-9]*' launch.log | grep -o '[0-9]*$')
"$lockstep" train "${recipe[@]}" "${long[@]}" --steps "$step" --run undisturbed > alone.log 2>&1 || fail "train:" alone.log
[ "$("$lockstep" digest broken)" = "$("$lockstep" digest undisturbed)" ] || fail "the digests differ after $step steps" launch.log
echo "a worker, a connection and the coordinator killed: the digest of an undisturbed run after $step steps"

# Hosts that are not ready: one sentence, exit status 1, and no run folder.
refused() { # text, arguments
  local text=$1 status=0; shift
  rm -rf never
  launch "${recipe[@]}" --run never "$@" > launch.log 2>&1 || status=$?
  [ $status = 1 ] || fail "status $status instead of 1" launch.log
  [ ! -e never ] || fail "a run folder was made" launch.log
  grep -- "$text" launch.log | head -n 1 || fail "does not say: $text" launch.log
  nothing_left
}
refused '10.78.0.13 cannot be reached: .*No route to host' -H 10.78.0.11:1,10.78.0.13:1
refused '10.78.0.11 cannot start lockstep: there is no program' -H 10.78.0.11 --binary /nowhere/lockstep
build=$("$lockstep" --version | sed 's/.*+//')
LC_ALL=C sed "s/$build/$(printf '%*s' ${#build} '' | tr ' ' x)/g" "$lockstep" > other; chmod +x other
refused '10.78.0.11 has build .*xxx, this host ' -H 10.78.0.11 --binary "$place/other"
refused '10.78.0.11: it cannot listen on port 22 (Address already in use)' -H 10.78.0.11,10.78.0.12 --data-port 22
block() { # host, what to do, conditions: for IPv4 and IPv6, since a launch would use the one that is left
  local host=$1 verdict=$2; shift 2
  printf '%s\n' "table inet t {" "chain c {" "type filter hook input priority 0;" "${@/%/ $verdict}" "}" "}" | ip netns exec "$host" nft -f -
}
open() { ip netns exec "$1" nft delete table inet t; }
block "$c" reject "tcp dport 7702"
refused '10.78.0.11 cannot reach 10.78.0.12 at 10.78.0.12:7702 (Connection refused)' -H 10.78.0.11,10.78.0.12 --data-port 7702
on "$here" "$lockstep" doctor -H 10.78.0.11,10.78.0.12 --ssh "$shell" --data-port 7702 --quick > doctor.log 2>&1 && fail "the doctor sees nothing" doctor.log
grep "10.78.0.11 cannot reach 10.78.0.12" doctor.log
run "the same, server" -H 10.78.0.11:2,10.78.0.12:1 --topology server
open "$c"
block "$here" drop "ip saddr 10.78.0.12 tcp dport 7700" "ip6 saddr fd78::12 tcp dport 7700"
refused '10.78.0.12 cannot reach this host at 10.78.0.10:7700 (no answer within 3 s)' -H 10.78.0.11,10.78.0.12 --port 7700
open "$here"
# The port is open, but large packets do not pass: the message must not name a firewall.
block "$here" drop "ip saddr 10.78.0.12 tcp dport 7700 meta length > 700" "ip6 saddr fd78::12 tcp dport 7700 meta length > 700"
refused '10.78.0.12 cannot reach this host at 10.78.0.10:7700 (small messages pass, and large ones are lost on the way there).*: something on the way .* smaller MTU' \
  -H 10.78.0.11,10.78.0.12 --port 7700
on "$here" "$lockstep" doctor -H 10.78.0.11,10.78.0.12 --ssh "$shell" --port 7700 --quick > doctor.log 2>&1 && fail "the doctor sees nothing" doctor.log
grep "PROBLEM .*10.78.0.12 cannot reach this host .*large ones are lost" doctor.log || fail "the doctor does not say it" doctor.log
open "$here"

# Link-local addresses alone; the interface has another name on the last host.
ip -n "$c" link set eth0 down; ip -n "$c" link set eth0 name ens3; ip -n "$c" link set ens3 up
for index in 0 1 2; do
  device=eth0; [ $index != 2 ] || device=ens3
  ip -n "${hosts[$index]}" addr flush dev $device
  ip -n "${hosts[$index]}" addr add fe80::1$index/64 dev $device nodad
done
linked='[fe80::11%eth0]:2,[fe80::12%eth0]:1'
eventually 10 on "$here" bash -c 'true < /dev/tcp/fe80::11%eth0/22 && true < /dev/tcp/fe80::12%eth0/22' 2> /dev/null
run "link-local addresses, ring" -H "$linked"
run "link-local addresses, server" -H "$linked" --topology server --port 7700
on "$here" "$lockstep" doctor -H "$linked" --ssh "$shell" --quick > doctor.log 2>&1 || fail "doctor:" doctor.log
echo "all of it as it should be"
