# Users run two targets: `make gate SERVICE=… ENVIRONMENT=…` and `make test-charts`. Both install what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,$(if $(shell $(p) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' 2>/dev/null && echo yes),$(p))) python3)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

MEMBERS := service-library tests/harness tests/reference_service ci/gate ci/images
WORKERS ?= 2
LIVE_WORKERS ?= 3# live tests wait more than they work
TARGET ?= embedded
ARGS ?=

.PHONY: help
help: ## Explain the targets
	@echo "Instrument Python services, prove each one, promote it. Targets:"
	@echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
	@echo
	@echo "For example: make gate SERVICE=aaa-api ENVIRONMENT=staging"

.PHONY: gate
gate: .venv/complete ## Verify SERVICE in ENVIRONMENT on TARGET (embedded, kind or context:NAME) and print a verdict (options: ARGS="--window 30")
	@if [ -z "$(SERVICE)" ] || [ -z "$(ENVIRONMENT)" ]; then \
	  echo "Say which: make gate SERVICE=<one of: $(notdir $(wildcard charts/services/*))> ENVIRONMENT=<staging or production>" >&2; exit 3; fi
	@python ci/toolchain/tools.py helm $(if $(filter embedded,$(TARGET)),,kubectl) $(if $(filter kind,$(TARGET)),kind)
	@python -m cluster_images.crds
	@$(if $(filter kind,$(TARGET)),images provide)
	@gate verify "$(SERVICE)" "$(ENVIRONMENT)" --target "$(TARGET)" $(ARGS)

.PHONY: status
status: .venv/complete ## How every service stands in staging and production, by signed verdicts (ARGS="--html FILE", "--json")
	@python ci/toolchain/tools.py renderer
	@python -m cluster_images.crds
	@gate status $(ARGS)

.PHONY: test
test: .venv/complete lint ## The fast part: lint, unit and render tests, four minutes, no service started
	@python ci/toolchain/tools.py helm helm3 promtool renderer reachability
	@python -m cluster_images.crds
	pytest -n $(WORKERS) -m "not live" $(ARGS)

.PHONY: test-charts
test-charts: .venv/complete lint ## Everything: lint, unit, render, then live services: processes, containers, and a kind cluster
	@python ci/toolchain/tools.py helm helm3 promtool renderer reachability kubectl kind
	@python -m cluster_images.crds
	@python ci/toolchain/system_packages.py rabbitmq-server docker-registry build-essential chromium
	pytest -n $(WORKERS) -m "not live" $(ARGS)
	@ci/toolchain/oldest-python
	@ci/toolchain/compiled-tests -n $(WORKERS)
	@ci/toolchain/free-threaded
	@images provide
	pytest -n $(LIVE_WORKERS) --dist loadgroup -m live $(ARGS)

.PHONY: lint
lint: .venv/complete ## ruff and strict mypy
	@ruff format --check --quiet . || { echo "Not formatted: run make format." >&2; exit 1; }
	@ruff check --quiet .
	@mypy service-library tests ci charts
	@mypy --python-version 3.10 -p service_metrics

.PHONY: format
format: .venv/complete ## Format, and fix what ruff can fix
	@ruff check --fix --quiet . || true
	@ruff format --quiet .

.PHONY: schema
schema: .venv/complete ## From values-schema.json derive every chart's values.schema.json and the libraries' tables of values; the verdict's schema
	@python charts/derive_schemas.py
	@python charts/derive_readme.py
	@python -m promotion_gate.schema

.PHONY: fleet
fleet: .venv/complete ## Render every service for every environment, and hold all against schemas and policies
	@python ci/toolchain/tools.py renderer
	@python -m cluster_images.crds
	@python -m chart_harness.fleet_check

.PHONY: template-coverage
template-coverage: .venv/complete ## Print which branches of the charts' templates tests/charts takes (ARGS="-n 2 tests/charts")
	@python ci/toolchain/tools.py helm helm3 promtool renderer
	@python -m cluster_images.crds
	@python -m chart_harness.template_coverage $(ARGS)

.PHONY: diff
diff: .venv/complete ## Tell by meaning what the charts change in the fleet since BASE, a git ref (ARGS="--head REF", "--acknowledge ID", "--json")
	@if [ -z "$(BASE)" ]; then echo "Say since when: make diff BASE=<a commit, branch or tag, such as origin/main>" >&2; exit 2; fi
	@python ci/toolchain/tools.py renderer
	@python -m cluster_images.crds
	@python -m chart_harness.blast_radius "$(BASE)" $(ARGS)

.PHONY: service
service: .venv/complete ## Write the chart of a new service, NAME, of a ROLE: http-api, amqp-consumer or task-runner
	@if [ -z "$(NAME)" ] || [ -z "$(ROLE)" ]; then \
	  echo "Say which: make service NAME=<its name> ROLE=<http-api, amqp-consumer or task-runner>" >&2; exit 1; fi
	@python charts/new_service.py "$(NAME)" "$(ROLE)"

.PHONY: chart-push
chart-push: .venv/complete ## Package both library charts and push them to REGISTRY=oci://…; a version is published once (ARGS="--plain-http")
	@if [ -z "$(REGISTRY)" ]; then echo "Say where to: make chart-push REGISTRY=oci://registry.example/charts" >&2; exit 3; fi
	@python ci/toolchain/tools.py helm
	@python charts/publish.py "$(REGISTRY)" $(ARGS)

.PHONY: examples
examples: .venv/complete ## Render charts/metrics/examples again, after a change of the templates
	@python ci/toolchain/tools.py helm
	@python charts/render_examples.py

.PHONY: bench
bench: .venv/complete ## Print the library's costs beside five other libraries', and the fleet's render beside helm's (ARGS="--quick": two minutes)
	@python service-library/benchmarks/compare.py $(ARGS)
	@python ci/toolchain/tools.py helm renderer
	@python -m cluster_images.crds
	@python tests/benchmarks/fleet_render.py $(filter --quick,$(ARGS))

.PHONY: wheel
wheel: .venv/complete ## Build build/wheels/service_metrics-….whl with the hot path compiled by mypyc, for this Python
	@python ci/toolchain/system_packages.py build-essential
	@ci/toolchain/wheel

.PHONY: tools
tools: .venv/complete ## Provide the pinned helm, helm3, promtool, kubectl and kind
	@python ci/toolchain/tools.py helm helm3 promtool kubectl kind

.PHONY: images
images: .venv/complete ## Provide every image of a test cluster: pulled, or built where no registry answers (ARGS="--from build", ARGS="node cilium")
	@images provide $(ARGS)

.PHONY: engine
engine: .venv/complete ## Provide a Docker engine: the one that answers, else Debian's, started for us alone
	@python -m cluster_images.engine

.PHONY: engine-stop
engine-stop: .venv/complete ## Stop the engine that `make engine` started, if it did
	@python -m cluster_images.engine stop

.PHONY: cluster
cluster: tools ## Boot a kind cluster and keep it: tests and the gate use it until `make cluster-down`
	@images provide
	@python -m chart_harness.clusters up

.PHONY: cluster-down
cluster-down: .venv/complete ## Delete the cluster that was kept
	@python -m chart_harness.clusters down

COMPILE := uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header
.PHONY: lock
lock: .venv/complete ## Pin all dependencies again, with hashes
	@$(COMPILE) --python-version 3.11 pyproject.toml --group dev $(addsuffix /pyproject.toml,$(MEMBERS)) --extra otel \
	  --no-emit-package service-metrics --no-emit-package chart-harness --no-emit-package cluster-images --output-file requirements.lock
	@$(COMPILE) --python-version 3.10 service-library/pyproject.toml --extra otel --group service-library/pyproject.toml:test \
	  --output-file service-library/requirements.lock
	@$(COMPILE) --python-version 3.11 service-library/pyproject.toml --extra otel --group service-library/pyproject.toml:bench \
	  --group service-library/pyproject.toml:test --output-file service-library/benchmarks/requirements.lock
	@$(COMPILE) --python-version 3.13 ci/toolchain/free-threaded.in --output-file ci/toolchain/free-threaded.lock

.PHONY: clean
clean: ## Delete what was built in the checkout; the cache folder stays
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/complete: requirements.lock ci/toolchain/uv.lock ci/toolchain/environment.py $(addsuffix /pyproject.toml,$(MEMBERS))
	@$(PYTHON) ci/toolchain/environment.py
