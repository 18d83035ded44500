package io.sediment.cluster.bench;

import io.sediment.runtime.FreePorts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;

/**
 * How soon a coordinator partition with many committed offsets answers after a {@code kill -9},
 * after a takeover by another lane, and what has become of that when each offset has been committed
 * many times over.
 */
public final class BenchGroupsLoad {
  private static final String TOPIC = "committed";
  private static final int COMMITS_PER_SECOND = 10; // of each group
  private static final Map<String, String> RECOVER = Map.of("RECOVER_FROM_BUCKET", "true");

  /** So that what was written ten times is compacted while the benchmark waits for it. */
  private static final Map<String, String> COMPACT_SOON =
      Map.of("COMPACTION_L0_OBJECTS", "2", "COMPACTION_INTERVAL_MS", "1000");

  private static final Pattern LOADED =
      Pattern.compile("groups of .* are loaded: records=(\\d+) bytes=(\\d+) ms=(\\d+)");

  private final Path dir;
  private final Path home;
  private final Path log;
  private final SedimentServer server;

  private BenchGroupsLoad(Map<String, String> options, Path dir, Path home) {
    this.dir = dir;
    this.home = home;
    this.log = dir.resolve("sediment.log");
    this.server =
        new SedimentServer(
            Path.of(options.get("jar")),
            home,
            log,
            List.of("-Xmx" + options.getOrDefault("heap", "1g")),
            new FreePorts());
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    }
    Path dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    Path home = dir.resolve("groups-load");
    Folders.delete(home);
    try {
      new BenchGroupsLoad(options, dir, home).run(options);
    } finally {
      Folders.delete(home);
    }
  }

  private void run(Map<String, String> options) throws Exception {
    int groups = number(options, "groups", 1000);
    int partitions = number(options, "offsets", 100_000) / groups;
    ServerProcess process = start(Map.of());
    try {
      new ProducerLoad(options.get("kafka-class-path"), dir)
          .createTopic(server.bootstrap(), TOPIC, partitions);
      awaitOffsets("group-0");
      commit(groups, partitions, 1);
      process = restarted(process, groups, Map.of());
      process = restarted(process, groups, RECOVER);
      int rewrites = number(options, "rewrites", 10);
      if (rewrites > 0) {
        process.kill();
        process = start(COMPACT_SOON);
        awaitOffsets("group-0");
        commit(groups, partitions, rewrites);
        TimeUnit.SECONDS.sleep(number(options, "settle-seconds", 30));
        process = restarted(process, groups, COMPACT_SOON);
      }
    } finally {
      process.kill();
    }
  }

  private ServerProcess start(Map<String, String> more) throws Exception {
    Map<String, String> environment = new LinkedHashMap<>(more);
    environment.put("OFFSETS_TOPIC_PARTITIONS", "1");
    return server.start(environment);
  }

  /** Each of a group's offsets that many times. */
  private void commit(int groups, int partitions, int times) throws Exception {
    try (CommitLoad load = new CommitLoad(server.bootstrap(), TOPIC, partitions, groups)) {
      load.join();
      CommitLoad.Result result =
          load.run(
              COMMITS_PER_SECOND,
              (partitions * times + COMMITS_PER_SECOND - 1) / COMMITS_PER_SECOND);
      say("commits", result.nanos().length);
      say("commits per second", result.perSecond());
      say("commits refused", result.refused());
    }
  }

  private ServerProcess restarted(ServerProcess process, int groups, Map<String, String> more)
      throws Exception {
    process.kill();
    boolean takenOver = more.equals(RECOVER);
    if (takenOver) { // without its disk: it recovers from the bucket, with a lane that is new
      Folders.delete(home.resolve("raft"));
    }
    long begin = System.nanoTime();
    ServerProcess again = start(more);
    long ready = System.nanoTime();
    int offsets = awaitOffsets("group-" + (groups - 1));
    long answered = System.nanoTime();
    say(
        takenOver
            ? "killed, and recovered from the bucket: ready after ms"
            : "killed and started again: ready after ms",
        (ready - begin) / 1e6);
    say("offsets of the last group, answered after further ms", (answered - ready) / 1e6);
    say("these are", offsets);
    Matcher loaded = LOADED.matcher(Files.readString(log));
    if (!loaded.find()) {
      throw new IllegalStateException("nothing was loaded, see " + log);
    }
    say("records replayed", Double.parseDouble(loaded.group(1)));
    say("bytes replayed", Double.parseDouble(loaded.group(2)));
    say("the load itself, ms", Double.parseDouble(loaded.group(3)));
    return again;
  }

  private int awaitOffsets(String group) throws Exception {
    try (Admin admin =
        Admin.create(
            Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                server.bootstrap(),
                AdminClientConfig.RETRY_BACKOFF_MS_CONFIG,
                5,
                AdminClientConfig.RETRY_BACKOFF_MAX_MS_CONFIG,
                5))) {
      return admin
          .listConsumerGroupOffsets(group)
          .partitionsToOffsetAndMetadata()
          .get(60, TimeUnit.SECONDS)
          .size();
    }
  }

  private static void say(String what, double value) {
    System.out.printf(Locale.ROOT, "  %-56s %.0f%n", what, value);
  }

  private static int number(Map<String, String> options, String name, int byDefault) {
    return Integer.parseInt(options.getOrDefault(name, Integer.toString(byDefault)));
  }
}
