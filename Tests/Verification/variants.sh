#!/usr/bin/env bash
# Trains a small model of every variant of the paper, a few option sets each, for some steps on the built-in digits, and lets
# PyTorch compute a late step of it again (replay.py): prints one line each with the worst error and where it was. Two workers,
# so that what norms exchange comes over links. Exits 1 where one is above replay.py's limit. About two minutes on two cores.
# Usage: Tests/Verification/variants.sh [path of lockstep]; PYTHON names an interpreter with torch, safetensors and pyyaml.
set -euo pipefail
set -f  # [64,48] names no files.
here=$(realpath "$(dirname "$0")")
lockstep=$(realpath "${1:-.build/release/lockstep}")
python=${PYTHON:-python3}
"$python" -c "import safetensors, torch, yaml" 2>/dev/null || {
  echo "$python lacks torch, safetensors or pyyaml: pip install torch safetensors pyyaml, or name another: PYTHON=..."
  exit 1
}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
step=30
common=(--recipe quickstart --workers 2 --threads 1 --minibatch 100 --steps $step --set data.train=1000 --set data.validation=100
  --set figures.every_epochs=0 --set evaluate.every_epochs=0 --set checkpoint.every_steps=20 --set model.initialisation=he)
wrong=0
number=0

networks() { # of a variant: the widths that it has
  [ "$1" = gan ] || echo "model.encoder=[64,48]"
  echo "model.decoder=[48,64]"
  [ "$1" = vae ] || echo "model.discriminator=[40,32]"
}

phases() { # of a variant and its settings
  case $1 in
    vae) echo reconstruction ;;
    gan) echo discriminator generator ;;
    *) echo reconstruction discriminator generator ;;
  esac
  [ "$1" != semi-supervised ] || echo classification
  [ "$1" != reduction ] || [[ " $2 " != *" labels."* ]] || echo classification
}

# Keeps thirty steps of so small a model from diverging, whatever its settings.
rates=(reconstruction=0.003 discriminator=0.05 generator=0.05 classification=0.02)

# A variant and its settings, KEY=VALUE each; `adam` stands for that optimizer in every phase, with its own rate.
check() {
  local variant=$1 setting phase verdict name=run$((number += 1)) run
  shift
  run=("${common[@]}" --run "$place/$name" --set "variant=$variant")
  for phase in $(phases "$variant" "$*"); do
    if [[ " $* " = *" adam "* ]]; then run+=(--set "phases.$phase.optimizer=adam"); continue; fi
    for setting in "${rates[@]}"; do
      [ "${setting%=*}" != "$phase" ] || run+=(--set "phases.$phase.rate=${setting#*=}")
    done
  done
  for setting in $(networks "$variant") "$@"; do [ "$setting" = adam ] || run+=(--set "$setting"); done
  verdict=$(repeat "$name" "${run[@]}") || wrong=$((wrong + 1))
  printf '%s: %s%s\n' "$variant" "$verdict" "${*:+; $*}"
  rm -rf "${place:?}/$name"*
}

repeat() { # name, arguments of train: what replay.py says of a late step
  local name=$1
  shift
  timeout 120 "$lockstep" train "$@" > "$name.log" 2>&1 || { echo "training failed: $(tail -n 1 "$name.log")"; return 1; }
  timeout 120 "$lockstep" replay "$place/$name" --step $step --out "$name.safetensors" > "$name.log" 2>&1 ||
    { echo "replay failed: $(tail -n 1 "$name.log")"; return 1; }
  timeout 120 "$python" "$here/replay.py" --short "$name.safetensors" 2>&1
}

batch=(norm.encoder=batch norm.heads=batch norm.decoder=batch)
shard=(norm.encoder=shard norm.heads=shard norm.decoder=shard)
noises=(noise.input=0.3 noise.discriminator=0.2 dropout.input=0.2 dropout.hidden=0.2)
gaussian=(posterior.kind=gaussian)
universal=(posterior.kind=universal posterior.width=20 posterior.std=1)
# Cross-entropy is steeper than half a squared error; the log-density of a petal, which is 0.1 wide, is steeper still.
gentle=(cost=cross-entropy phases.reconstruction.rate=0.001)

check basic
check basic prior.kind=mixture "${gaussian[@]}" "${batch[@]}" "${noises[@]}"
check basic prior.kind=uniform "${universal[@]}" "${shard[@]}" weights.reconstruction=0.1 model.output=linear adam
check basic model.output=linear data.standardise=true phases.reconstruction.rate=0.0001
check vae "${gentle[@]}"
check vae "${gentle[@]}" prior.kind=mixture
check vae cost=cross-entropy "${batch[@]}" noise.input=0.3 dropout.input=0.2 dropout.hidden=0.2 adam
check gan
check gan prior.kind=swiss-roll norm.decoder=batch dropout.hidden=0.2 noise.discriminator=0.2 adam
check label-informed labels.count=200 prior.kind=mixture
check label-informed labels.count=200 prior.kind=swiss-roll "${gaussian[@]}" "${batch[@]}" "${noises[@]}" adam
check supervised model.code=5
check supervised model.code=5 "${universal[@]}" "${batch[@]}" "${noises[@]}"
check semi-supervised labels.count=100 model.code=5
check semi-supervised labels.count=100 labels.minibatch=50 model.code=5 "${gaussian[@]}" "${batch[@]}" "${noises[@]}" adam
check semi-supervised labels.count=100 "${universal[@]}" "${shard[@]}" dropout.hidden=0.2 noise.input=0.3
check clustering model.clusters=16
check clustering model.clusters=30 model.code=5 norm.encoder=batch norm.heads=batch dropout.input=0.2 noise.discriminator=0.2 adam
check reduction labels.count=100
check reduction labels.count=100 labels.minibatch=50 "${gaussian[@]}" "${batch[@]}" "${noises[@]}" adam
check reduction model.clusters=20 heads.distance=3 heads.weight=0.5 "${universal[@]}" "${shard[@]}"
echo "$((number - wrong)) of $number agree"
[ $wrong = 0 ]
