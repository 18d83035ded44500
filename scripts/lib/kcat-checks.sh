# What kcat writes, kcat reads back. Sourced by run-e2e.sh with a broker running at $broker; every check compares files.
echo "== kcat against $broker"
text=LICENSE # a real text with empty lines, quotes and long lines

produce() { kcat -P -b "$broker" -X acks=all "$@"; }
consume() { kcat -C -q -e -b "$broker" "$@"; }

for codec in none gzip snappy lz4 zstd; do
  grep -v '^$' "$text" >"$work/expected"
  produce -t "text-$codec" -p 0 -z "$codec" <"$work/expected"
  consume -t "text-$codec" -p 0 -o beginning >"$work/actual"
  check "a text with codec $codec comes back line by line"
done

produce -t idempotent -p 0 -X enable.idempotence=true <"$work/expected"
consume -t idempotent -p 0 -o beginning >"$work/actual"
check "an idempotent producer's text comes back"

seq 1 2000 | sed 's/.*/key-&:value-&/' >"$work/keyed"
produce -t keyed -K: <"$work/keyed"
sort "$work/keyed" >"$work/expected"
consume -t keyed -o beginning -K: | sort >"$work/actual"
check "keys and values of several partitions come back"

consume -t keyed -o beginning -f '%p\n' | sort -u >"$work/actual"
seq 0 3 >"$work/expected"
check "keys are spread over all four partitions"

printf 'with headers\n' | produce -t headers -p 0 -H color=red -H size=7
printf 'color=red,size=7 with headers\n' >"$work/expected"
consume -t headers -p 0 -o beginning -f '%h %s\n' >"$work/actual"
check "headers come back"

printf 'gone:\nkept:value\n' | produce -t nulls -p 0 -K: -Z
printf 'gone -1\nkept 5\n' >"$work/expected"
consume -t nulls -p 0 -o beginning -f '%k %S\n' >"$work/actual"
check "a null value is a null value"

head -c 750000 /dev/urandom | base64 -w 0 >"$work/expected"
produce -t big -p 0 -X message.max.bytes=1500000 "$work/expected"
consume -t big -p 0 -o beginning -f '%s' >"$work/actual"
check "a message of 1 MB comes back"

tail -n 10 <(consume -t text-none -p 0 -o beginning) >"$work/expected"
consume -t text-none -p 0 -o -10 >"$work/actual"
check "the last ten records are the last ten"

printf 'early\n' | produce -t times -p 0
sleep 1.1
moment=$(date +%s%3N)
printf 'late\nlater\n' | produce -t times -p 0
printf 'late\nlater\n' >"$work/expected"
consume -t times -p 0 -o "s@$moment" >"$work/actual"
check "reading from a moment on begins with the first record after it"

kcat -Q -b "$broker" -t "times:0:$moment" | sed 's/.*offset //' >"$work/actual"
echo 1 >"$work/expected"
check "the offset of a moment can be asked for"

consume -t idempotent -p 0 -o 5 -c 1 -f '%o\n' >"$work/actual"
echo 5 >"$work/expected"
check "a fetch from an offset begins there"
