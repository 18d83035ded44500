# Class paths for the scripts that run Java programs of the test sources. Sourced from the top folder.
test_class_path() { # of examples/cluster with its tests: the clients and servers that the checks use
  local file=examples/cluster/target/test-class-path
  if [ ! -s "$file" ] || [ examples/cluster/pom.xml -nt "$file" ] || [ pom.xml -nt "$file" ]; then
    # Each module writes that file, this one last: one that was left half way is another module's.
    ./mvnw -B -q -ntp test-compile dependency:build-classpath -Dmdep.outputFile="$PWD/$file.new" -Dmdep.regenerateFile=true \
      -pl examples/cluster -am >&2 && mv "$file.new" "$file" || return
  fi
  echo "examples/cluster/target/test-classes:examples/cluster/target/classes:$(cat "$file")"
}

clients=$PWD/examples/cluster/target/clients # programs of scripts/clients, compiled, and their class paths
declare -A class_path

find_class_path() { # NAME POM VERSION: sets class_path[NAME] to that of Apache Kafka's clients of that version
  local file=$clients/class-path-$1
  mkdir -p "$clients"
  if [ ! -s "$file" ] || [ "$2" -nt "$file" ]; then
    ./mvnw -B -q -ntp -f "$2" -Dkafka.version="$3" dependency:build-classpath -Dmdep.outputFile="$file"
  fi
  class_path[$1]=$(cat "$file")
}

compile_client() { # NAME FILE: a program of scripts/clients on the class path of that name
  if [ "scripts/clients/$2.java" -nt "$clients/$1/$2.class" ]; then
    mkdir -p "$clients/$1"
    "${java}c" -nowarn --release 11 -d "$clients/$1" -cp "${class_path[$1]}" "scripts/clients/$2.java"
  fi
}
