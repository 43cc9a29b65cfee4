# make demo        a whole study day with a robot participant, in a window or on a virtual display
# make test        format, lint, types, layers, tests
# make lint        the first four of these
# make faults      the slow tests: whole sessions with one fault after the other
# make bench       the figures of benchmarks/ (SECTIONS="markers pulses": only these) but the hour's, PET's and scale's
# make scripts     the pictures of every script, ours and headless Chromium's, that docs and tests show
# make pictures    those of the operator's console, ball game, questionnaires, daily page and reports in docs/
# make bench-hour  the one that takes an hour
# make bench-pet   a PET session of 90 minutes, in real time
# make recovery    simulated studies with a known truth, and what the analysis makes of them
# make bench-scale 10,000 sessions exported; SESSIONS=1000: so many
# make lock        pin the requirements of pyproject.toml again (UPGRADE=1: to the newest versions)
# make clean       remove the environment and all that was made
#
# PYTHON=/path/to/python3.12 chooses the interpreter of a new environment,
# PYTEST_ARGS="-k messages" is handed to pytest.

PYTHON_IN_VENV = .venv/bin/python
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--no-header --no-annotate $(if $(UPGRADE),--upgrade)

.PHONY: demo test faults lint bench bench-hour bench-pet recovery bench-scale peers scripts pictures lock clean environment
.NOTPARALLEL:

demo: environment
	$(PYTHON_IN_VENV) run_session.py demo

test: lint
	$(PYTHON_IN_VENV) -m pytest -n 3 --dist loadgroup -m "not slow" $(PYTEST_ARGS)

faults: environment
	.ci/system-packages chromium firefox-esr ffmpeg
	$(PYTHON_IN_VENV) -m pytest -n 2 --dist loadgroup -m slow $(PYTEST_ARGS)

lint: environment
	$(PYTHON_IN_VENV) -m ruff check
	$(PYTHON_IN_VENV) -m ruff format --check
	$(PYTHON_IN_VENV) -m mypy
	.venv/bin/lint-imports

bench: environment peers
	.ci/system-packages chromium
	$(PYTHON_IN_VENV) -m benchmarks $(SECTIONS)

bench-hour: environment
	$(PYTHON_IN_VENV) -m benchmarks --hour

bench-pet: environment
	$(PYTHON_IN_VENV) -m benchmarks --pet

recovery: environment
	$(PYTHON_IN_VENV) -m benchmarks.recovery

bench-scale: environment
	$(PYTHON_IN_VENV) -m benchmarks --scale $(if $(SESSIONS),--sessions $(SESSIONS))

# What others' programs do in the same place, apart from our environment.
peers: environment
	@.ci/system-packages chromium
	@cmp -s requirements/bench.txt build/peers/installed.txt || { \
		rm -rf build/peers && \
		{ .venv/bin/uv pip install --quiet --python $(PYTHON_IN_VENV) --target build/peers --no-deps \
			--require-hashes -r requirements/bench.txt || \
		$(PYTHON_IN_VENV) -m pip install --quiet --target build/peers --no-deps \
			--require-hashes -r requirements/bench.txt; } && \
		cp requirements/bench.txt build/peers/installed.txt; }

scripts: environment
	.ci/system-packages chromium
	$(PYTHON_IN_VENV) -m benchmarks.scripts

pictures: environment
	.ci/system-packages chromium
	$(PYTHON_IN_VENV) -m benchmarks.monitor_pictures
	$(PYTHON_IN_VENV) -m benchmarks.game_pictures
	$(PYTHON_IN_VENV) -m benchmarks.form_pictures
	$(PYTHON_IN_VENV) -m benchmarks.report_pictures

lock: environment
	$(COMPILE) --extra dev pyproject.toml -o requirements/locked.txt
	echo uv | $(COMPILE) - -o requirements/installer.txt
	printf '%s\n' 'psyflow==0.1.*' 'expyriment==1.0.*' 'pygame==2.*' | \
		$(COMPILE) --no-deps - -o requirements/bench.txt

clean:
	rm -rf .venv build demo-output .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@PYTHON='$(PYTHON)' .ci/environment
