package io.sediment.cluster.bench;

import io.sediment.runtime.FreePorts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Our broker alone on a small machine's terms: {@code -Xmx256m}, 50 MB/s of 1 KB records in default
 * batches; then nothing at all; then {@code kill -9} with that in the store, and how long until it
 * is ready again.
 */
public final class BenchSmall {
  private static final int BATCH_BYTES = 16384;
  private static final int PARTITIONS = 8;

  private BenchSmall() {}

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    }
    Path dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    Path home = dir.resolve("small");
    Folders.delete(home);
    ProducerLoad load = new ProducerLoad(options.get("kafka-class-path"), dir);
    SedimentServer server =
        new SedimentServer(
            Path.of(options.get("jar")),
            home,
            dir.resolve("small.log"),
            List.of(options.getOrDefault("jvm", "-Xmx256m -XX:+UseSerialGC").split(" ")),
            new FreePorts());
    try {
      run(options, load, server);
    } finally {
      Folders.delete(home);
    }
  }

  private static void run(Map<String, String> options, ProducerLoad load, SedimentServer server)
      throws Exception {
    int megabytesPerSecond = number(options, "mb-per-second", 50);
    int seconds = number(options, "load-seconds", 40);
    int idleSeconds = number(options, "idle-seconds", 30);
    ServerProcess process = server.start();
    try {
      load.createTopic(server.bootstrap(), "small", PARTITIONS);
      double cpuBefore = process.cpuSeconds();
      double rate =
          load.produce(
              server.bootstrap(),
              "small",
              megabytesPerSecond * seconds,
              1,
              BATCH_BYTES,
              megabytesPerSecond * 1024 * 1024 / ProducerLoad.RECORD_BYTES);
      say("asked for, MB/s", megabytesPerSecond);
      say("produced, MB/s", rate);
      say("CPU, % of a core", (process.cpuSeconds() - cpuBefore) / seconds * 100);
      say("resident MB, peak", process.residentMb(true));

      TimeUnit.SECONDS.sleep(
          number(options, "settle-seconds", 75)); // a memtable waits for a minute
      double putsBefore = server.puts();
      double cpuIdle = process.cpuSeconds();
      TimeUnit.SECONDS.sleep(idleSeconds);
      say("idle: % of a core", (process.cpuSeconds() - cpuIdle) / idleSeconds * 100);
      say("idle: puts", server.puts() - putsBefore);
    } finally {
      process.kill();
    }
    Samples starts = new Samples();
    for (int i = 0; i < number(options, "starts", 5); i++) {
      long begin = System.nanoTime();
      ServerProcess again = server.start();
      starts.add((System.nanoTime() - begin) / 1e9);
      again.kill();
    }
    System.out.println("  ready after kill -9, s: median (min–max)         " + starts);
  }

  private static void say(String what, double value) {
    System.out.printf(Locale.ROOT, "  %-48s %.2f%n", what, value);
  }

  private static int number(Map<String, String> options, String name, int byDefault) {
    return Integer.parseInt(options.getOrDefault(name, Integer.toString(byDefault)));
  }
}
