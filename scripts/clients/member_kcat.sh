#!/usr/bin/env bash
# One member of a group on kcat: member_kcat.sh BOOTSTRAP TOPIC GROUP. See members.md for what it prints. The process becomes kcat, so that a signal meets it.
set -euo pipefail
stamp() {
  local partition offset value now
  while read -r partition offset value; do
    now=${EPOCHREALTIME/[.,]/}
    echo "${now%???} R $partition $offset $value"
  done
}
exec kcat -G "$3" -b "$1" -q -u -f '%p %o %s\n' -X auto.offset.reset=earliest -X auto.commit.interval.ms=100 \
  -X session.timeout.ms=3000 -X heartbeat.interval.ms=300 "$2" > >(stamp)
