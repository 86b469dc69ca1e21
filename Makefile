# Everything runs in .venv, which the first target makes. PYTHON chooses the interpreter it is made from (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
MAX_WHEEL_BYTES := 10000000

.PHONY: soak demo test test-all test-pythons check-readme test-gpu test-bench examples lint format types bench figures technologies appraisals \
	docs tutorials check-tutorials test-fid test-verilog-a wheel clean

demo: $(READY)
	$(BIN)/spingan demo --out demo

# Two processes of one thread each: as many as the smallest machine that these are meant for has cores
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

test-all: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m ""

# The README's distances and varieties against their command's output, on all of the images
check-readme: $(READY)
	$(BIN)/python -m pytest -m "" tests/test_readme.py

# Every other Python that can be had here, each with the wheel in an environment of its own; TORCH=newest takes less time
test-pythons: wheel
	.ci/pythons

test-gpu: $(READY)
	$(BIN)/python -m pytest -m gpu

# The bench's page in Chromium, which nothing else needs; CHROMIUM=PATH names another browser
test-bench: $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,browser]'
	$(BIN)/python -m pytest -m "" tests/bench tests/bench_browser/check_page.py

# Trainings killed and resumed, and spoilt files through every loader and command; COUNTS="--files 5000 --campaigns 50"
soak: $(READY)
	$(BIN)/python tests/soak/soak.py $(COUNTS)

examples: $(READY)
	rm -rf build/examples
	mkdir -p build/examples
	cd build/examples && for example in ../../examples/0*.py; do \
		echo "== $$example" && ../../$(BIN)/python $$example || exit 1; done

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY)
	$(BIN)/pyright

bench: $(READY)
	$(BIN)/python benchmarks/bench_speed.py
	$(BIN)/python benchmarks/bench_physics.py
	$(BIN)/python benchmarks/bench_circuits.py
	$(BIN)/python benchmarks/bench_faces.py
	$(BIN)/python benchmarks/bench_studies.py
	$(BIN)/python benchmarks/bench_variety.py
	$(BIN)/python benchmarks/bench_array.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_page.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_wires.py

figures: $(READY)
	$(BIN)/python docs/make_figures.py
	$(BIN)/python docs/make_physics_figures.py
	$(BIN)/python docs/make_circuit_figures.py
	$(BIN)/python docs/make_reproduction.py
	$(BIN)/python docs/make_road_figure.py

technologies: $(READY)
	$(BIN)/python docs/make_technologies.py

# What spingan appraise has stored of a shipped net; again after its weights or the code of the studies have changed.
appraisals: $(READY)
	$(BIN)/python docs/make_appraisals.py $(NETS)

# The standard FID needs torchvision and torch-fidelity, which nothing else does: an environment of its own.
test-fid: .venv-fid/.ready
	.venv-fid/bin/python tests/fid/check_inception.py

# The Verilog-A modules in a real compiler, OpenVAF, which nothing else needs: an environment of its own.
test-verilog-a: $(READY) .venv-verilog-a/.ready
	$(BIN)/python tests/verilog_a/write_modules.py build/verilog-a
	.venv-verilog-a/bin/python tests/verilog_a/check_modules.py build/verilog-a

# The site of docs/ into build/docs: offline, warnings are errors, and every link has to lead somewhere
docs: .venv/.ready-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	$(BIN)/python docs/site/check_links.py build/docs

# The notebooks of docs/learn, run from top to bottom: their outputs stored, or only seen to run
tutorials: .venv/.ready-docs
	$(BIN)/python docs/site/run_tutorials.py --keep

check-tutorials: .venv/.ready-docs
	$(BIN)/python docs/site/run_tutorials.py

wheel: $(READY)
	rm -rf dist
	$(BIN)/python -m build --outdir dist . > build-wheel.log 2>&1 || { cat build-wheel.log; rm -f build-wheel.log; exit 1; }
	rm -f build-wheel.log
	$(BIN)/python -m twine check --strict dist/*
	@size=$$(cat dist/*.whl | wc -c); echo "wheel: $$size bytes (limit $(MAX_WHEEL_BYTES))"; test $$size -lt $(MAX_WHEEL_BYTES)

clean:
	rm -rf .venv .venv-fid .venv-verilog-a build dist demo .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

.venv/.ready-docs: $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,docs]'
	touch $@

.venv-fid/.ready: pyproject.toml constraints.txt
	test -x .venv-fid/bin/python || $(PYTHON) -m venv .venv-fid
	.venv-fid/bin/python -m pip install --quiet torch==2.14.1 torchvision==0.29.1 -e '.[fid]'  # a pair that fits; x86-64
	touch $@

.venv-verilog-a/.ready:
	test -x .venv-verilog-a/bin/python || $(PYTHON) -m venv .venv-verilog-a
	.venv-verilog-a/bin/python -m pip install --quiet openvaf-py==0.1.5
	touch $@
