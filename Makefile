# Two commands for a newcomer: `make demo` and `make test`. Each sets up what it needs.

PY := .venv/bin/python
SHELL := /bin/bash

.DEFAULT_GOAL := help
.PHONY: help demo test unit cluster-test lint cluster image bench lock manifests setup setup-dev

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup:
	@tools/bootstrap.sh run

setup-dev:
	@tools/bootstrap.sh dev

demo: setup ## See it work: an embedded cluster, a repository, the controller (ARGS=--once: run through and exit)
	@$(PY) -m trimtab demo $(ARGS)

test: setup-dev ## Every test, on the sandbox and on a real Kubernetes (built once, about 7 minutes)
	@$(PY) -m tools.tests $(ARGS)

lint: setup-dev ## Format, style, types, layers
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

cluster: setup-dev ## A real Kubernetes control plane on loopback; prints the kubeconfig
	@$(PY) -m tools.controlplane up

image: setup ## An OCI image in build/, without an engine (half a minute, then seconds)
	@$(PY) -m tools.image build

bench: setup-dev ## Measure speed and memory against a real API server; prints a table
	@$(PY) -m bench $(ARGS)

manifests: setup-dev ## Write deploy/: the Kustomize base and the Helm chart, from trimtab/manifests
	@$(PY) -m tools.manifests

lock: setup-dev ## Choose dependency versions anew
	@.venv/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 pyproject.toml -o requirements.lock
	@.venv/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
