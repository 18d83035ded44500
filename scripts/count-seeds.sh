#!/usr/bin/env bash
# Adds up how many seeded runs of the simulations the last build made, and fails where that was fewer than a thousand.
#   scripts/count-seeds.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

reports=$(find . -path '*/surefire-reports/*' \( -name 'TEST-*SimulationTest.xml' -o -name 'TEST-*CrashStepsTest.xml' \) | sort)
sum=0
for report in $reports; do
  # Runs that are to fail, or that only compare two of the same, do not count.
  runs=$(grep -oE '<testcase name="[^"]*\[[^"]*"' "$report" | grep -cvE 'everyMutantIsCaught|theSameSeed|wallClocks|anIdle' || true)
  name=${report##*/TEST-}
  printf '%-75s %5d seeds\n' "${name%.xml}" "$runs"
  sum=$((sum + runs))
done
printf '%-75s %5d seeds\n' "all simulations" "$sum"
[ "$sum" -ge 1000 ] || { echo "fewer than 1,000"; exit 1; }
