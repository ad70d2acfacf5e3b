# Folders with Go code: gofmt takes no packages.
SOURCES := cmd handlers internal migrations static views web

# Go and the browser keep caches in the home folder. Where there is none to write to, they go into the checkout.
ifeq ($(shell test -n "$$HOME" && test -d "$$HOME" && test -w "$$HOME" && echo yes),)
export HOME := $(CURDIR)/.cache
export GOFLAGS := $(GOFLAGS) -modcacherw # or the checkout could not be removed as one is used to
endif

# A checkout that belongs to another user is none to git, and then Go builds nothing that should carry a version.
ifeq ($(shell git status --porcelain >/dev/null 2>&1 && echo yes),)
export GOFLAGS := $(GOFLAGS) -buildvcs=false
endif

# The longest a package's tests may take. The whole takes less than 15 minutes on two cores.
TEST_TIMEOUT := 12m

# How many inputs `make fuzz` tries on each target: some minutes' worth.
FUZZ_RUNS := 1000000

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: need-run build ## Start everything: database, sandbox, app (Ctrl-C stops it)
	@exec bin/dev

.PHONY: test
test: need-test lint ## Check the code, fuzz it shortly, and run all tests
	@.ci/fuzz 4000
	@CGO_ENABLED=0 go test -timeout $(TEST_TIMEOUT) -run TestAnyHistory ./cmd/payloop
	@CGO_ENABLED=1 go test -race -timeout $(TEST_TIMEOUT) ./...

.PHONY: bench
bench: need-bench build ## Measure how fast webhooks are taken and credits spent, beside the textbook
	@exec bin/bench $(BENCH)

.PHONY: bench-big
bench-big: need-bench build ## The same over a million events and users, and ten million ledger entries
	@exec bin/bench --big $(BENCH)

.PHONY: fuzz
fuzz: ## Fuzz for a long time: FUZZ_RUNS inputs for each target
	@.ci/fuzz $(FUZZ_RUNS)

.PHONY: build
build: ## Build all programs into bin/
	@CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

.PHONY: generate
generate: ## Make Go code from the templates in views/
	@cd views && go run github.com/a-h/templ/cmd/templ@$$(go list -m -f "{{.Version}}" github.com/a-h/templ) generate

.PHONY: lint
lint: ## Check formatting, and for suspicious code
	@unformatted=$$("$$(go env GOROOT)/bin/gofmt" -l $(SOURCES)) && \
		if [ -n "$$unformatted" ]; then echo "Not formatted, run gofmt -w on: $$unformatted"; exit 1; fi
	@go vet ./...

.PHONY: clean
clean: ## Remove what was built; the data in .data stays
	@rm -rf bin

.PHONY: need-run need-bench need-test
need-run:
	@.ci/need go postgres
need-bench:
	@.ci/need go postgres pgbench
need-test:
	@.ci/need go postgres pgbench chromium gcc git node curl python3
