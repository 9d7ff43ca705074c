#!/usr/bin/env bash
# A peer with the right token that lies: every kind of message with every field at its edges, in the place of honest ones and
# beside them. Against a live coordinator with two honest workers (as a worker of its own, and between two more workers and
# the coordinator), and against workers whose coordinator lies. The verdict: nothing crashes, no process needs more than 200 MB,
# the honest run has the calm one's digest, steps go on, and nothing reaches a terminal or a log as the liar said it.
# Needs python3. Usage: Tests/System/liar.sh [path of lockstep] [--minutes 10 | --seconds N] [--steps N] [--seed N] [--keep] [--chains]
exec python3 -B "$(dirname "$0")/Peers/trial.py" "$@"
