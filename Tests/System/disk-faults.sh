#!/usr/bin/env bash
# A run on disks that fill, fail, become read-only and lose their power: each time it ends with a sentence and keeps its older
# checkpoints. Resumed on the mended disk, it has the digest of a calm run.
# Needs root, mkfs.ext4, loop devices and python3. Usage: Tests/System/disk-faults.sh [path of lockstep]. About a minute.
set -euo pipefail
lockstep=$(realpath "${1:-.build/release/lockstep}")
[ "$(id -u)" = 0 ] || { echo "needs root, to mount file systems"; exit 1; }
# A mount namespace of its own: the mounts end with the script, and no other process holds them.
[ -n "${OWN_MOUNTS:-}" ] || OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$lockstep"
place=$(mktemp -d)
thin=$place/thin   # memory behind the image of a disk
disk=$place/disk   # where the run is
mkdir "$thin" "$disk"
cleanup() {
  if [ -n "${run:-}" ]; then kill -9 $(pgrep -P "$run") "$run" 2> /dev/null || true; fi
  for mounted in "$disk" "$thin"; do
    while mountpoint -q "$mounted"; do umount "$mounted" 2>/dev/null || umount -l "$mounted"; done
  done
  rm -rf "$place"
}
trap cleanup EXIT
cd "$place"

recipe=(--recipe quickstart --set data.train=400 --set data.validation=100 --minibatch 36 --epochs 60
  --set model.encoder=[48,32] --set model.decoder=[32,48] --set model.discriminator=[24] --set figures.every_epochs=0
  --set evaluate.every_epochs=0 --set checkpoint.every_epochs=0 --set checkpoint.every_seconds=0)
often=(--set checkpoint.every_steps=20)

fail() { echo "FAILED: $1"; cat log; exit 1; }

begin() { # further settings; sets `run`
  timeout 120 "$lockstep" train "${recipe[@]}" "$@" --run "$disk/run" > log 2>&1 &
  run=$!
}

await() { # shell condition, waited for as long as the run lasts
  until eval "$1" || ! kill -0 "$run" 2>/dev/null; do sleep 0.02; done
}

ended() { # expected status, then what the sentences must hold
  local status=0 expected=$1; shift
  wait "$run" || status=$?
  run=""
  [ "$status" = "$expected" ] || fail "status $status instead of $expected"
  for part in "$@"; do grep -q -- "$part" log || fail "no \"$part\" among the sentences"; done
  grep -h "could not be stored\|warning: " log | sed "s|$place||g; s/^/    /" || true
}

left() { # the checkpoints are whole and nothing is beside them
  [ -z "$(ls -A "$disk/run/checkpoints" | grep -v '^step-' || true)" ] || fail "there is more than checkpoints"
  "$lockstep" digest "$disk/run" > /dev/null 2> digest.log || fail "no whole checkpoint"
}

mended() { # label
  timeout 120 "$lockstep" resume "$disk/run" > log 2>&1 || fail "resume on the mended disk"
  local digest steps
  digest=$("$lockstep" digest "$disk/run")
  steps=$(grep -c '"kind":"step"' "$disk/run/metrics.jsonl")
  printf '%-44s %s  %s steps\n' "$1" "$digest" "$steps"
  [ "$digest" = "$expected" ] || fail "the digests differ"
  [ "$steps" = "$total" ] || fail "$steps lines of steps instead of $total"
  [ -z "$(find "$disk/run" -name '*partial*')" ] || fail "temporary files are left"
}

image() { # size of the file system, size of the memory behind it
  mount -t tmpfs -o "size=$2" lockstep-thin "$thin"
  truncate -s "$1" "$thin/image"
  mkfs.ext4 -q -m 0 -E lazy_itable_init=1,nodiscard "$thin/image"
  mount -o loop,commit=300 "$thin/image" "$disk"
}

release() { # a process that was just killed may hold the file system for a moment
  for _ in $(seq 100); do
    if umount "$1" 2> /dev/null; then return; fi
    sleep 0.1
  done
  umount "$1"
}

again() { # mounts the file system as the fault left it
  release "$disk"
  mount -o loop "$thin/image" "$disk"
}

clear() {
  release "$disk"
  if mountpoint -q "$thin"; then release "$thin"; fi
}

"$lockstep" train "${recipe[@]}" --run calm > log 2>&1 || fail "a calm run"
expected=$("$lockstep" digest calm)
total=$(grep -c '"kind":"step"' calm/metrics.jsonl)
printf '%-44s %s  %s steps\n' "calm" "$expected" "$total"

# Full: by the run's own checkpoints, then by somebody else.
mount -t tmpfs -o size=4m lockstep-disk "$disk"
begin "${often[@]}" --set checkpoint.keep=50
ended 1 "No space left on device (" "are free)" "2 more tries failed" "lockstep resume" "the disk is nearly full"
left
mount -o remount,size=100m "$disk"
mended "full of checkpoints, then with room"
clear

mount -t tmpfs -o size=30m lockstep-disk "$disk"
begin "${often[@]}"
await '[ -d "$disk/run/checkpoints/step-00000060" ]'
dd if=/dev/zero of="$disk/others" bs=4k 2> /dev/null || true
ended 1 "No space left on device (0 B of" "lockstep resume"
left
rm "$disk/others"
mended "filled by somebody else, then with room"
clear

# Full for a while, between two checkpoints: the records wait, and nothing else happens.
mount -t tmpfs -o size=30m lockstep-disk "$disk"
begin
await '[ "$(stat -c %s "$disk/run/metrics.jsonl" 2>/dev/null || echo 0)" -gt 20000 ]'
dd if=/dev/zero of="$disk/others" bs=4k 2> /dev/null || true
await 'grep -q "records wait in memory" log'
rm "$disk/others"
ended 0 "records wait in memory" "none was dropped"
mended "full for a while between checkpoints"
clear

# Read-only: what ext4 does to itself after an error.
image 60m 70m
begin "${often[@]}"
await '[ -d "$disk/run/checkpoints/step-00000060" ]'
mount -o remount,abort "$disk"
ended 1 "Read-only file system\|Input/output error" "lockstep resume"
again
mended "read-only in mid-run, then mended"
clear

# Failing syncs: writes succeed, but the device has no room for them when they are synced.
image 60m 12m
begin "${often[@]}" --set checkpoint.keep=50
ended 1 "Input/output error\|Read-only file system" "2 more tries failed" "lockstep resume"
mount -o remount,size=80m "$thin"
again
mended "failing syncs, then room behind the device"
clear

# Power cuts: everything that was not synced is gone. (An ioctl of ext4: shut down without a flush of the journal.)
for round in 1 2 3 4 5 6; do
  image 60m 70m
  begin "${often[@]}"
  at=$((RANDOM % 600 + 20))
  await '[ "$(tail -n 1 "$disk/run/steps.log" 2>/dev/null | cut -d " " -f 1)" -ge $at ] 2> /dev/null'
  python3 -c 'import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))' "$disk"
  if [ $((round % 2)) = 0 ]; then kill -9 $(pgrep -P "$run") "$run" 2> /dev/null || true; fi
  wait "$run" 2> /dev/null || true
  run=""
  again
  if [ ! -f "$disk/run/config.yaml" ]; then fail "the run is gone"; fi
  mended "power cut about step $at"
  clear
done
