# Apache Kafka's own client of three ages, each with its default settings: produce, and consume by assign. Sourced by run-e2e.sh with a broker running at
# $broker; what it compiles lies in $clients.
echo "== Apache Kafka's clients 2.1.1, 3.9.1 and 4.4.0"
find_class_path 2.1 scripts/clients/old/pom.xml 2.1.1
find_class_path 3.9 scripts/clients/old/pom.xml 3.9.1
find_class_path 4.4 scripts/clients/old/pom.xml 4.4.0
for version in 2.1 3.9 4.4; do
  compile_client "$version" RoundTrip
  echo "version=${class_path[$version]##*kafka-clients-}" | sed 's/\.jar.*/ records=3000/' >"$work/expected"
  "$java" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=off \
    -cp "$clients/$version:${class_path[$version]}" RoundTrip "$broker" "round-trip-$version" 3000 >"$work/actual"
  check "kafka-clients $version produces, and consumes by assign, with default settings"
done
