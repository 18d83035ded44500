#!/usr/bin/env bash
# Runs everything: build with static checks and tests of all modules, then the end-to-end tests with real clients.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
./mvnw -B -ntp verify
scripts/count-seeds.sh
scripts/run-e2e.sh
timeout --foreground --kill-after=30 900 scripts/run-cluster-e2e.sh --store local --lease-ms 3000 --seconds-max 840 # 5 minutes
timeout --foreground --kill-after=30 900 scripts/run-clients-e2e.sh # 5 minutes, and once some more to install clients
