# Needs GNU make, bash and Rust; the scripts install or name what else is missing.
.DEFAULT_GOAL := help
# A script stops what it has started when make itself is killed.
script := setpriv --pdeathsig TERM -- scripts

.PHONY: help run test test-postgres14 fuzz mutants bench lint fmt db sqlx sqlx-check deny reset screenshots modules

help: ## lists what there is to make
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

run: ## the demo: Postgres, the DingTalk simulator and dinggate, until Ctrl-C
	@$(script)/run.sh

test: ## all tests; `make test T=callback` only those with that in their name
	@$(script)/test.sh $(T)

test-postgres14: ## the integration tests on PostgreSQL 14, the oldest release that is supported
	@ON_POSTGRES_14=1 $(script)/test.sh $(T)

fuzz: ## feeds each parser of foreign input for a minute; `make fuzz FUZZ_SECONDS=5 T=callback_body` one of them for 5 s
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(script)/fuzz.sh $(T)

mutants: ## changes the code that decides who is let in, and lists what no test notices; `make mutants T=plan` one part of it
	@$(script)/mutants.sh $(T)

bench: ## measures against yardsticks, writes docs/benchmarks.md; `make bench PARTS="crypto start"`, of: crypto start pages logins events storm (LOGINS=200) sync (PEOPLE=1000 DEPARTMENTS=20)
	@PARTS="$(PARTS)" PEOPLE=$(PEOPLE) DEPARTMENTS=$(DEPARTMENTS) LOGINS=$(LOGINS) $(script)/bench.sh

lint: ## formatting, clippy, shellcheck
	@scripts/lint.sh

fmt: ## formats the Rust code
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

db: ## a Postgres for developing, until Ctrl-C; prints its DATABASE_URL
	@$(script)/db.sh

sqlx: ## writes .sqlx/ after a change to a query or a migration
	@$(script)/sqlx.sh

sqlx-check: ## fails when .sqlx/ is stale
	@$(script)/sqlx.sh --check

modules: ## writes the list of modules in docs/architecture.md
	@UPDATE_MODULES=1 cargo test -q --test architecture the_architecture_names_every_module

screenshots: ## takes the pictures of docs/images/ anew
	@$(script)/screenshots.sh

deny: ## licences, advisories and sources of the dependencies, by cargo-deny
	cargo deny check

reset: ## forgets the demo's data
	@scripts/reset.sh
