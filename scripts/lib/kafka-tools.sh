# Kafka's own tools for groups. Sourced by run-clients-e2e.sh.
echo "== Kafka's tools"
groups() { kafka_tool consumer.group.ConsumerGroupCommand "$@"; }
kafka_tool TopicCommand --create --topic tools --partitions 3 >/dev/null
seq 1 600 | kcat -P -b "$broker" -t tools -X acks=all
echo 600 >"$work/expected"
kafka_tool ConsumerPerformance --topic tools --group perf --num-records 600 --hide-header --timeout 30000 2>/dev/null | awk -F', ' '{ print $5 }' >"$work/actual"
check "ConsumerPerformance reads 600 records as a group"

kafka_tool MetadataQuorumCommand describe --status | awk -F': *' '/^(LeaderId|MaxFollowerLag):/ { print $1, $2 }' >"$work/actual"
printf 'LeaderId 0\nMaxFollowerLag 0\n' >"$work/expected"
check "MetadataQuorumCommand describes the metadata group"

"${jvm[@]}" -cp "${class_path[current]}" org.apache.kafka.tools.ClusterTool unregister --bootstrap-server "$broker" --id 0 2>&1 | grep -o "broker 0 has lane" | head -1 >"$work/actual" || true
echo "broker 0 has lane" >"$work/expected"
check "ClusterTool does not unregister a broker that is at work"

groups --list | grep -x perf >"$work/actual"
echo perf >"$work/expected"
check "ConsumerGroupCommand lists the group"

groups --describe --group perf 2>/dev/null | awk '$2 == "tools" { lag += $6; read += $4 } END { print read " " lag }' >"$work/actual"
echo "600 0" >"$work/expected"
check "ConsumerGroupCommand describes its offsets and its lag"

groups --reset-offsets --group perf --topic tools --to-earliest --execute >/dev/null 2>&1
groups --describe --group perf 2>/dev/null | awk '$2 == "tools" { lag += $6; read += $4 } END { print read " " lag }' >"$work/actual"
echo "0 600" >"$work/expected"
check "ConsumerGroupCommand sets them back"

groups --delete-offsets --group perf --topic tools:0 >/dev/null 2>&1
groups --describe --group perf --offsets 2>/dev/null | awk '$2 == "tools" && $4 != "-" { n++ } END { print n }' >"$work/actual"
echo 2 >"$work/expected"
check "ConsumerGroupCommand deletes an offset"

groups --delete --group perf >/dev/null 2>&1
groups --list | grep -cx perf >"$work/actual" || true
echo 0 >"$work/expected"
check "ConsumerGroupCommand deletes the group"
