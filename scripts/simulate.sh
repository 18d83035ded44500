#!/usr/bin/env bash
# Runs the simulation: many seeds, or one again.
#   scripts/simulate.sh [--seeds N] [--seed S] [--minutes M] [--mutants] [--mutant NAME]
# Without arguments: 1,000 seeds. --mutants counts, over --seeds (100) seeds, how often each safeguard
# that is taken away is missed; --mutant does so for those that have NAME in their names.
# docs/testing.md explains what is simulated and how to read a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  sed -n '2,6s/^# \{0,1\}//p' "$0"
  exit 2
}

number() {
  [[ "${2:-}" =~ ^[0-9]+$ ]] || { echo "$1 wants a number, got: ${2:-nothing}"; exit 2; }
}

options=()
minutes=
bounded=no
while [ $# -gt 0 ]; do
  case "$1" in
    --seeds | --seed)
      number "$1" "${2:-}"
      options+=("-Dsimulate.${1#--}=$2")
      bounded=yes
      shift 2
      ;;
    --minutes)
      number "$1" "${2:-}"
      minutes=$2
      bounded=yes
      shift 2
      ;;
    --mutants)
      options+=("-Dsimulate.mutants=true")
      bounded=yes
      shift
      ;;
    --mutant)
      [ -n "${2:-}" ] || { echo "--mutant wants a name"; exit 2; }
      options+=("-Dsimulate.mutants=true" "-Dsimulate.mutant=$2")
      bounded=yes
      shift 2
      ;;
    *) usage ;;
  esac
done
[ "$bounded" = yes ] || options+=("-Dsimulate.seeds=1000")

# Each of the six simulations in virtual time gets the same share; that of the local store takes some seconds.
[ -z "$minutes" ] || options+=("-Dsimulate.seconds=$((minutes * 60 / 6))")

exec ./mvnw -B -q -pl examples/cluster -am test -Dtest=SimulateLocalStore,Simulate,SimulateCompaction,SimulateBroker \
  -Dsurefire.failIfNoSpecifiedTests=false -Dspotless.check.skip -Dsurefire.useFile=false "${options[@]}"
