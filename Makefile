# Every target sets up what it needs: tools/setup.sh does nothing when all is there. Needs python3 (3.11 or newer).
.PHONY: help demo test environment programs test_in_qgis other_tests loops lint plugin verify bench docs oldest clean
.DEFAULT_GOAL := help
TWO_AT_ONCE = $(MAKE) --no-print-directory -j2
# PYTHONDONTWRITEBYTECODE would have each of the many programs that the tests start compile gisheat anew
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: ## set everything up, then size and solve the sample network
	@sh tools/setup.sh demo
	@mkdir -p out
	.venv/bin/gisheat run sample_gis/mulan/project.toml --output out/mulan.gpkg --picture out/mulan.png --products out/desk --overwrite

test: ## set everything up (QGIS too), then linters and all tests
	+@$(TWO_AT_ONCE) environment programs
	@echo "test: tests in QGIS, then linters and all other tests (some ten minutes) ..."
	+@$(TWO_AT_ONCE) test_in_qgis loops
	+@$(TWO_AT_ONCE) other_tests lint

environment:
	@sh tools/setup.sh test

programs:
	@sh tools/postgis.sh
	@sh tools/qgis.sh
	@sh tools/setup.sh qgis

test_in_qgis:
	@.venv/bin/python tools/make_plugin.py
	@QT_QPA_PLATFORM=offscreen .venv-qgis/bin/python -m pytest -q -c tests/in_qgis/pytest.ini --rootdir tests/in_qgis --confcutdir tests/in_qgis tests/in_qgis

other_tests:
	@.venv/bin/python -m pytest -q -n auto --dist worksteal

loops:
	@.venv/bin/python tools/compile_loops.py

lint: ## style, format, types, one-way imports
	@sh tools/setup.sh test
	@echo "lint: ruff, format, mypy, imports ..."
	@.venv/bin/ruff check -q .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo

plugin: ## the QGIS plugin as a zip in dist/
	@sh tools/setup.sh demo
	@sh tools/qgis.sh lrelease
	@.venv/bin/python tools/make_plugin.py

verify: ## the tests outside QGIS with all their examples, and EPANET, pandapipes, LibreOffice and Chromium beside gisheat; writes docs/verification.md
	+@$(TWO_AT_ONCE) environment programs
	@sh tools/setup.sh verify
	@sh tools/office.sh
	@sh tools/browser.sh
	@$(MAKE) --no-print-directory loops
	@GISHEAT_THOROUGH=1 .venv/bin/python -m pytest -q -n auto --dist worksteal
	@.venv/bin/python -m pytest -q tests/verify
	@.venv-verify/bin/python docs/make_verification.py

bench: ## speed and memory against their limits
	@sh tools/setup.sh bench
	@sh tools/postgis.sh
	@sh tools/setup.sh verify
	@.venv/bin/python -m pytest -q benchmarks

docs: ## the pages of docs/ that come from the code or from a run
	+@$(TWO_AT_ONCE) environment programs
	@.venv/bin/python docs/make_docs.py

oldest: ## all tests with every dependency at its lower bound
	@sh tools/setup.sh oldest
	@sh tools/postgis.sh
	@sh tools/qgis.sh
	@.venv-oldest/bin/python -m pytest -q -n auto --dist worksteal

clean: ## remove what these targets made
	rm -rf .venv .venv-oldest .venv-verify .venv-qgis out dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
