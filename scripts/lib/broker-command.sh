# What runs a broker from its jar, with the archive of the jar's classes. Sourced, needs $root.
export MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-2} # the C library otherwise keeps an arena for every thread

set_broker_command() { # JVM_OPTIONS: sets $broker_command; these options count where JAVA_OPTS says nothing
  local jar=$root/examples/cluster/target/sediment.jar
  # shellcheck disable=SC2206  # a list of options
  broker_command=("${JAVA_HOME:+$JAVA_HOME/bin/}java" "@$root/scripts/lib/jvm-options" ${JAVA_OPTS:-$1}
    -XX:SharedArchiveFile="${jar%.jar}.jsa" -Xlog:cds=off -Xlog:cds+dynamic=off -jar "$jar")
}
