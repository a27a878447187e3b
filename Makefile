# SPDX-License-Identifier: GPL-3.0-or-later
# The front door. meson and ninja do the work; tools/packages installs what Debian has and we miss.
PREFIX ?= /usr/local
BUILD ?= build
MINUTES ?= 60

.PHONY: build run test check fuzz soak bench install format clean

build:
	@tools/packages build
	@test -e $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX) -Dtests=false
	@ninja -C $(BUILD)

run:
	@tools/packages build test
	@$(MAKE) --no-print-directory build
	@tools/next run
	@exec $(BUILD)/onnetd -c examples/onnet.yaml

test:
	@tools/packages build test
	@tests/run

check:
	@tools/packages build test
	@tests/run check

fuzz:
	@tools/packages build test
	@tests/run --fuzz-seconds=60 fuzz

soak:
	@tools/packages build test
	@test -e build-test/soak/build.ninja || meson setup build-test/soak --buildtype=debugoptimized
	@ninja -C build-test/soak
	@ONNET_BUILD=build-test/soak tests/soak/soak.py --seconds=$$(($(MINUTES) * 60))
	@ONNET_BUILD=build-test/soak ONNET_FAULT_ROUNDS=$(MINUTES) /usr/bin/python3 -m pytest -q \
		-p no:cacheprovider tests/integration/test_faults_kill.py

bench:
	@tools/packages build bench
	@$(MAKE) --no-print-directory build
	@bench/run

install: build
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@meson install -C $(BUILD)
	@test -n "$(DESTDIR)" || tools/next install

format:
	@git ls-files -co --exclude-standard 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' 'bench/*.[ch]' | \
		xargs clang-format -i

clean:
	@rm -rf $(BUILD) build-test
