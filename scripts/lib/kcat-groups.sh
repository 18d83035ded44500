# One kcat after the other in a group. Sourced by run-clients-e2e.sh.
echo "== kcat -G, one after the other"
kafka_tool TopicCommand --create --topic kcat-group --partitions 3 >/dev/null
seq 1 300 | kcat -P -b "$broker" -t kcat-group -X acks=all
kcat -G kcat-readers -b "$broker" -q -c 300 -X auto.offset.reset=earliest -X session.timeout.ms=3000 kcat-group 2>/dev/null | sort -n >"$work/actual"
seq 1 300 >"$work/expected"
check "kcat -G reads a topic as a group"
seq 301 400 | kcat -P -b "$broker" -t kcat-group -X acks=all
kcat -G kcat-readers -b "$broker" -q -c 100 -X auto.offset.reset=earliest -X session.timeout.ms=3000 kcat-group 2>/dev/null | sort -n >"$work/actual"
seq 301 400 >"$work/expected"
check "and goes on behind what it committed"
