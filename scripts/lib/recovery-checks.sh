# A broker that lost its disk comes back from the bucket. Sourced by run-e2e.sh after the kcat checks; expects $dir (the stopped broker's folder) and
# $store_settings (how it was started).
echo "== the broker's disk is lost"
rm -rf "$dir/raft"

status=0
claim_ports
env HOST=127.0.0.1 PORT="$port" HTTP_PORT="$http" RAFT_LISTEN_ADDR="127.0.0.1:$raft" RAFT_PATH="$dir/raft" "${store_settings[@]}" \
  "$java" -Xmx256m -jar examples/cluster/target/sediment.jar >"$dir/refused.log" 2>&1 || status=$?
echo 2 >"$work/expected"
echo "$status" >"$work/actual"
check "an empty RAFT_PATH on a used bucket is refused with exit status 2"

start_broker "$dir" "${store_settings[@]}" RECOVER_FROM_BUCKET=true
grep -v '^$' "$text" >"$work/expected"
consume -t text-zstd -p 0 -o beginning >"$work/actual"
check "after the recovery the text is there"

sort "$work/keyed" >"$work/expected"
consume -t keyed -o beginning -K: | sort >"$work/actual"
check "after the recovery keys and values of all partitions are there"

printf 'after\n' | produce -t times -p 0
printf 'early\nlate\nlater\nafter\n' >"$work/expected"
consume -t times -p 0 -o beginning >"$work/actual"
check "a log goes on where it ended before the recovery"
stop_broker
