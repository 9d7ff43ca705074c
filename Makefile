# Lockstep: everything a person types. `make help` lists it.
SHELL := /bin/bash
PACKAGES := libopenblas-dev libzstd-dev libpng-dev libfreetype-dev zlib1g-dev libmatio-dev libjpeg-dev
LOCKSTEP := .build/release/lockstep
# A test runner cannot choose its BLAS kernel by executing itself anew, as `lockstep` does: it is chosen here.
CORETYPE := $(shell if [ "$$(uname -m)" = aarch64 ]; then echo ARMV8; elif grep -qw avx512vl /proc/cpuinfo && grep -qw avx512bw /proc/cpuinfo; then echo SKYLAKEX; elif grep -qw avx2 /proc/cpuinfo; then echo HASWELL; else echo NEHALEM; fi)
TEST_ENVIRONMENT := OPENBLAS_CORETYPE=$(CORETYPE) OPENBLAS_NUM_THREADS=1

.PHONY: help setup commit build train mnist tables table proofs test settings arm fuzz matrix variants bits conditional evaluation bench bench-peers lint format proto clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

setup:  ## install the system packages that are missing (Debian, Ubuntu: through apt)
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "installing" $$missing; \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq $$missing; fi
	@command -v swift >/dev/null || { echo "no swift on the PATH: install a 6.2 or newer toolchain from swift.org"; exit 1; }

commit:
	@commit=$$(git describe --always --dirty 2>/dev/null || echo unknown); \
	line="#define LOCKSTEP_COMMIT \"$$commit\""; file=Sources/CProcess/commit.h; \
	[ "$$(cat $$file 2>/dev/null)" = "$$line" ] || echo "$$line" > $$file

# Refuses an import of a target that is no declared dependency, even if an earlier build has left its module.
ARROWS := --explicit-target-dependency-import-check error

build: setup commit  ## release build of the command
	swift build -c release $(ARROWS) --product lockstep

train: build  ## train the quickstart recipe on this machine, with pictures
	$(LOCKSTEP) train --recipe quickstart

mnist: build  ## fetch MNIST and train the 2-D Gaussian recipe on it
	$(LOCKSTEP) data fetch mnist
	$(LOCKSTEP) train --recipe mnist-gaussian-2d

TABLES = python3 deploy/tables/$(1).py --lockstep $(LOCKSTEP) --runs '$(or $(RUNS),$(HOME)/lockstep-tables)' $(if $(DATA),--data '$(DATA)')

tables: build  ## train and measure every row of the paper's tables; what is finished is passed over (RUNS= DATA= AT_ONCE= TRY=1)
	$(call TABLES,tables) $(if $(AT_ONCE),--at-once $(AT_ONCE)) $(if $(TRY),--try)

table: build  ## one row: ROW=semi-100; `python3 deploy/tables/tables.py --list` has their names
	$(call TABLES,tables) --row '$(ROW)' $(if $(AT_ONCE),--at-once $(AT_ONCE)) $(if $(TRY),--try)

proofs: build  ## every recipe of the paper's settings for three epochs, and what its whole length would take
	$(call TABLES,proofs)

# The test product by its name: `--build-tests` would also build what dependencies need for plugins nobody uses here.
test: setup commit  ## every test, on a release build
	swift build -c release $(ARROWS) --product lockstepPackageTests
	$(TEST_ENVIRONMENT) Tests/run.sh

# Nehalem's products agree by luck for some samples of a shape and not for others, so a dependence on the arrangement shows there on any CPU.
settings: setup commit  ## one digest each for 500 random models over workers, threads, ring and server (SETTINGS_COUNT=, SETTINGS_SEED=)
	swift build -c release --product lockstepPackageTests
	$(TEST_ENVIRONMENT) SETTINGS_COUNT=$${SETTINGS_COUNT:-500} swift test -c release --skip-build --filter ArrangementTests
	$(TEST_ENVIRONMENT) OPENBLAS_CORETYPE=NEHALEM SETTINGS_COUNT=$${SETTINGS_COUNT:-100} \
	  swift test -c release --skip-build --filter ArrangementTests

arm:  ## every kernel's bits at this CPU's levels and on a 64-bit Arm, which is emulated: about a minute; prints the table
	Tests/Arm/run.sh

fuzz: setup commit  ## libFuzzer on one parser: TARGET=npz (or all) SECONDS=600; the list: Tests/Fuzz/Targets/FuzzTargets.swift
	Tests/Fuzz/run.sh $(TARGET) $(SECONDS)

matrix: build  ## one digest over workers, threads, topologies, compressions and kills: prints the table
	Tests/System/matrix.sh $(LOCKSTEP)

variants: build  ## a step of every variant by PyTorch's autograd (PYTHON=: one with torch, safetensors, pyyaml): prints the errors
	Tests/Verification/variants.sh $(LOCKSTEP)

bits: build  ## every weight of some steps by a C program written from deploy/arithmetic.md alone, bit for bit (CC=, CFLAGS=)
	Tests/Verification/bits.sh $(LOCKSTEP)

conditional: build  ## whether samples of a class are of that class, by a classifier of PyTorch's (RUN=runs/NAME, PYTHON=): prints a table
	@test -n "$(RUN)" || { echo "name a run whose samples have classes: make conditional RUN=runs/NAME"; exit 1; }
	$${PYTHON:-python3} Tests/Verification/conditional.py $(RUN) --lockstep $(LOCKSTEP)

evaluation:  ## what the tests hold the evaluation's figures to, by numpy, scipy and scikit-learn (PYTHON=: one that has them)
	$${PYTHON:-python3} Tests/Verification/evaluation.py

bench: build  ## samples a second, exchange, packing, products
	$(LOCKSTEP) bench gemm
	$(LOCKSTEP) bench codec
	$(LOCKSTEP) bench allreduce
	$(LOCKSTEP) bench step --minibatch 1024 --set shards=4

bench-peers: build  ## PyTorch beside it on the same cores, in turns: a table of ratios (ROWS=fp32-1024,… TURN=SECONDS OUT=FILE PYTHON=, TORCH=)
	python3 Tests/Benchmarks/peers.py --lockstep $(LOCKSTEP) --environment .build/peers --rows '$(ROWS)' $(if $(TURN),--turn $(TURN)) \
	  $(if $(OUT),--out '$(OUT)') $(if $(PYTHON),--python $(PYTHON)) $(if $(TORCH),--torch '$(TORCH)')

lint:  ## check the style
	swift format lint --recursive --strict Sources Tests Package.swift

format:  ## mend the style
	swift format --in-place --recursive Sources Tests Package.swift

proto:  ## generate the control messages and those of ONNX anew (needs protoc and swift-protobuf's plugin on the PATH)
	protoc --swift_opt=Visibility=Public --swift_out=Sources/Wire -I Sources/Wire Messages.proto
	protoc --swift_opt=Visibility=Package --swift_out=Sources/Runs/Export -I Sources/Runs/Export ONNX.proto

clean:  ## remove the build
	rm -rf .build
