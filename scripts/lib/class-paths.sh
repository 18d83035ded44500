# Class paths for the scripts that run Java programs of the test sources. Sourced from the top folder.
test_class_path() { # of examples/cluster with its tests: the clients and servers that the checks use
  local file=examples/cluster/target/test-class-path
  if [ ! -s "$file" ] || [ examples/cluster/pom.xml -nt "$file" ] || [ pom.xml -nt "$file" ]; then
    ./mvnw -B -q -ntp -DskipTests package dependency:build-classpath -Dmdep.outputFile="$PWD/$file" -Dmdep.regenerateFile=true \
      -pl examples/cluster -am >&2
  fi
  echo "examples/cluster/target/test-classes:examples/cluster/target/classes:$(cat "$file")"
}
