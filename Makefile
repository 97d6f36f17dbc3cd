# Waymark. Every target makes the environment it needs; what is up to date is not made again.
#   make demo INPUT=flight.mp4     make test ARGS='-k camera'     make demo PYTHON=python3.12
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-all lint docs colcon models rknn gazebo bench bench-encoder lock clean check check-colcon \
	check-models check-rknn check-bench
export INPUT
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE # set by another environment's Python for itself

BIN := .venv/bin
DONE := .venv/.stamps
PYTEST = $(BIN)/python -m pytest -n logical --no-loadscope-reorder # a process per core; ARGS=-n0 for one in all
COLCON_DONE := .venv-colcon/.stamps
MODELS_DONE := .venv-models/.stamps
RKNN_DONE := .venv-rknn/.stamps
BENCH_DONE := .venv-bench/.stamps
GAZEBO_READY := .gazebo11/.stamps/ready
# -qq: the path of a local index that is not there is not worth a line per package; errors still show.
PIP_INSTALL := -m pip install -qq --no-input --disable-pip-version-check --retries 10
# How an environment without an installed Waymark finds this one's, for benchmarks.
FIND_OURS := 'import pathlib, sys, sysconfig; \
	pathlib.Path(sysconfig.get_path("purelib"), "waymark.pth").write_text("\n".join(sys.argv[1:]) + "\n")'
OUR_FOLDERS := $(addprefix $(CURDIR)/src/,waymark waymark_ros waymark_sim)
INTERFACES := $(shell find packaging/interfaces src/waymark_msgs -type f -not -path '*/__pycache__/*' -not -path '*/.*')

help:
	@echo 'make demo [INPUT=video, folder, bag, camera, stream or topic:/name] [ARGS=...]   fly, or run on your input'
	@echo 'make test      core and ROS tests                make test-all  every suite'
	@echo 'make lint      ruff, mypy, codespell             make docs      write docs/parameters.md'
	@echo 'make colcon    build the packages with colcon    make lock      resolve requirements/*.lock'
	@echo 'make models    torch, transformers and lerobot into .venv-models, for export and training (6 GB)'
	@echo 'make rknn      rknn-toolkit2 into .venv-rknn, to convert for Rockchip NPUs and simulate them (0.7 GB)'
	@echo 'make gazebo    Gazebo 11 from Debian bullseye into .gazebo11 (0.9 GB), where that can be had'
	@echo 'make bench     peers to measure against into .venv-bench    make bench-encoder   measure (benchmarks/README.md)'
	@echo 'make clean     remove environments and builds (out/ stays)'

demo: $(DONE)/waymark
	@$(BIN)/waymark run $(if $(INPUT),config/input.yaml --input "$$INPUT",config/sim.yaml) --record $(ARGS)

test: $(DONE)/dev
	@$(PYTEST) -m 'not browser and not colcon and not models and not rknn and not gazebo and not slow and not gpu' $(ARGS)

# In CI an environment that is missing is a failure, not a skip.
# Gazebo comes from elsewhere: where it can't be had, packaging/gazebo has said so, and its tests say it again.
test-all: export WAYMARK_REQUIRE = $(if $(filter true,$(CI)),ros browser colcon models rknn $(if $(wildcard $(GAZEBO_READY)),gazebo))
test-all: $(DONE)/dev $(COLCON_DONE)/ready $(MODELS_DONE)/ready $(RKNN_DONE)/ready gazebo
	@$(PYTEST) -m 'not gpu' $(ARGS)

lint: $(DONE)/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@git ls-files -z --cached --others --exclude-standard | xargs -0 $(BIN)/codespell

docs: $(DONE)/waymark
	@$(BIN)/python -m waymark.pipeline.document

colcon: $(COLCON_DONE)/ready
	@packaging/colcon build $(ARGS)

models: $(MODELS_DONE)/ready

rknn: $(RKNN_DONE)/ready

# Exit code 3: it can not be had here. That is no failure, but nobody shall miss it.
gazebo:
	@[ -e $(GAZEBO_READY) ] || packaging/gazebo .gazebo11 || [ $$? = 3 ]

bench: $(BENCH_DONE)/ready

bench-encoder: $(BENCH_DONE)/ready
	@.venv-bench/bin/python benchmarks/all_encoder.py $(ARGS)

lock:
	@packaging/lock

clean:
	rm -rf .venv .venv-colcon .venv-models .venv-rknn .venv-bench .venv-core .gazebo11 build install log .pytest_cache .mypy_cache .ruff_cache .hypothesis

# --- environments: a stamp is younger than everything it was made from

check:
	@packaging/check_shell .venv '$(PYTHON)'

$(DONE)/created: | check
	@packaging/make_venv .venv '$(PYTHON)'
	@touch $@

$(DONE)/ros: requirements/demo.lock $(DONE)/created
	@echo '== .venv: core and ROS 2'
	@$(BIN)/python $(PIP_INSTALL) -r $<
	@touch $@

$(DONE)/interfaces: $(INTERFACES) | $(DONE)/ros
	@echo '== .venv: message types (compiled, about a minute)'
	@$(BIN)/python $(PIP_INSTALL) --no-deps --force-reinstall ./packaging/interfaces
	@touch $@

$(DONE)/waymark: pyproject.toml $(DONE)/interfaces | $(DONE)/ros
	@$(BIN)/python $(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(DONE)/dev: requirements/dev.lock $(DONE)/ros $(DONE)/waymark
	@echo '== .venv: tools for tests and checks'
	@$(BIN)/python $(PIP_INSTALL) -r $<
	@$(BIN)/python $(PIP_INSTALL) --no-deps gym-pusht==0.1.8 # its own needs name a second OpenCV
	@touch $@

check-colcon:
	@packaging/check_shell .venv-colcon '$(PYTHON)'

$(COLCON_DONE)/created: | check-colcon
	@packaging/make_venv .venv-colcon '$(PYTHON)'
	@touch $@

$(COLCON_DONE)/ready: requirements/colcon.lock $(COLCON_DONE)/created
	@echo '== .venv-colcon: colcon, ROS 2 and its generators'
	@.venv-colcon/bin/python $(PIP_INSTALL) -r $<
	@PYTHONPATH=packaging/interfaces/backend .venv-colcon/bin/python -c \
		'from interface_wheel import generators as g; g.repair_exported_paths(g.find_prefix())'
	@touch $@

# A sourced ROS is no harm here, but pip must not count what it finds there: -I.
check-models:
	@env -u AMENT_PREFIX_PATH packaging/check_shell .venv-models '$(MODELS_PYTHON)'

$(MODELS_DONE)/created: | check-models
	@packaging/make_venv .venv-models '$(MODELS_PYTHON)' 3.12 3.13 3.11 3.10
	@touch $@

$(MODELS_DONE)/ready: requirements/models.lock $(MODELS_DONE)/created
	@echo '== .venv-models: torch, transformers, lerobot and exporters (several GB)'
	@.venv-models/bin/python -I $(PIP_INSTALL) -r $<
	@.venv-models/bin/python -I -c $(FIND_OURS) $(OUR_FOLDERS)
	@touch $@

check-rknn:
	@env -u AMENT_PREFIX_PATH packaging/check_shell .venv-rknn '$(RKNN_PYTHON)'

$(RKNN_DONE)/created: | check-rknn
	@packaging/make_venv .venv-rknn '$(RKNN_PYTHON)' 3.12 3.11 3.10
	@touch $@

$(RKNN_DONE)/ready: requirements/rknn.lock $(RKNN_DONE)/created
	@echo '== .venv-rknn: rknn-toolkit2 and the simulator (proprietary, see NOTICE)'
	@.venv-rknn/bin/python -I $(PIP_INSTALL) --no-deps -r $<
	@touch $@

check-bench:
	@env -u AMENT_PREFIX_PATH packaging/check_shell .venv-bench '$(BENCH_PYTHON)'

$(BENCH_DONE)/created: | check-bench
	@packaging/make_venv .venv-bench '$(BENCH_PYTHON)' 3.11 3.12 3.13 3.10
	@touch $@

# The lock leaves out what torch's wheel asks for itself: CUDA's libraries, or nothing where it was built for the CPU.
$(BENCH_DONE)/ready: requirements/bench.lock $(BENCH_DONE)/created
	@echo '== .venv-bench: peers to measure against, never dependencies'
	@.venv-bench/bin/python -I $(PIP_INSTALL) --no-deps -r $<
	@.venv-bench/bin/python -I $(PIP_INSTALL) torch
	@.venv-bench/bin/python -I -c $(FIND_OURS) $(OUR_FOLDERS)
	@touch $@
