# Every command does all its own set-up, the guest toolchain included. `make test` is what users run; `.ci/run` runs all.

.PHONY: demo test test-plugins guests bench lint fuzz deny advisories sbom test-supply

# With the features that the tests have, so that both share what is compiled: cargo adds those of tests' own dependencies
# only where a test is among what is built, and this one is small.
demo:
	plugins/build payroll-export
	cargo build --quiet --workspace --bin tradewire --test contract
	target/debug/tradewire demo

# Every test: the host with the guests, then what guests are made of.
test: guests
	cargo test --workspace
	$(MAKE) test-plugins

# On this machine instead of in a guest.
test-plugins:
	cargo test --manifest-path plugins/Cargo.toml --package tradewire-payroll --package tradewire-purchasing --package tradewire-tables --package payroll-export \
		--package tradewire-samples --package tradewire-plugin --features tradewire-plugin/payroll,tradewire-plugin/accounting

# The plugins, as components in target/guests.
guests:
	plugins/build

# Side by side with what it is measured against.
bench: guests
	cargo bench --workspace --bench "*"

lint:
	cargo fmt --all --check
	cargo fmt --all --check --manifest-path plugins/Cargo.toml
	cargo fmt --all --check --manifest-path tests/fuzz/engine/Cargo.toml
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --manifest-path plugins/Cargo.toml --workspace --exclude every-operation --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --document-private-items

# Each fuzz target for FUZZ_SECONDS (60), two at a time.
fuzz:
	tests/fuzz/run

# Licences, sources and bans of everything that is used.
deny:
	tests/supply/deny

# Known vulnerabilities of what is used, by a database in RustSec's format: `make advisories DB=<folder>`.
advisories:
	tests/supply/advisories "$(DB)"

# What the binary is made of, as CycloneDX.
sbom:
	mkdir -p target
	tests/supply/sbom > target/tradewire.cdx.json
	@echo "target/tradewire.cdx.json"

# That the three above refuse what they should, and that others can read what they write.
test-supply:
	tests/supply/test
