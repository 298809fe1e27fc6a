# Both commands do all their own set-up, the guest toolchain included.

.PHONY: demo test guests bench lint

# A cron-scheduled payroll export against the built-in sandbox; shows the file.
demo: guests
	cargo run --release --quiet --package tradewire -- demo

# Every test: what guests are made of, then the host with the guests.
test: guests
	cargo test --manifest-path plugins/Cargo.toml --package tradewire-payroll --package tradewire-purchasing --package tradewire-tables --package payroll-export \
		--package tradewire-samples --package tradewire-plugin --features tradewire-plugin/payroll,tradewire-plugin/accounting
	cargo test --release --workspace

# The plugins, as components in target/guests.
guests:
	plugins/build

# Side by side with what it is measured against.
bench: guests
	cargo bench --workspace --bench "*"

lint:
	cargo fmt --all --check
	cargo fmt --all --check --manifest-path plugins/Cargo.toml
	cargo clippy --release --workspace --all-targets -- -D warnings
