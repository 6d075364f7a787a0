# make demo   set everything up and serve the Space
# make test   set everything up, Chromium included, and pass the tests
# make quick  those tests that need no browser, no training and no server
# make lock   write requirements.lock again: every package below requirements.txt, with hashes
PYTHON ?= python3
BIN := .venv/bin
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: demo test quick check benchmark screenshots lock chromium clean

demo: .venv/demo
	$(BIN)/python app.py

# two processes with a thread each; the browser's tests have one of their own, as servers are started in the others
test: check chromium
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --ignore=tests/e2e
	$(BIN)/python -m pytest tests/e2e

quick: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --ignore=tests/e2e

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check

lock: .venv/bin/python
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 requirements.txt -o requirements.lock

benchmark: .venv/test
	$(BIN)/python benchmarks/benchmark.py

screenshots: .venv/test chromium
	$(BIN)/python benchmarks/screenshots.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/test: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt -e ".[test]"
	touch $@ .venv/demo

# Debian's Chromium where apt is there and we may use it, else the one that Playwright brings.
chromium: .venv/test
ifeq ($(CHROMIUM),)
	(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium) \
	  || $(BIN)/playwright install chromium
endif

clean:
	rm -rf .venv
