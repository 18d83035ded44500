package io.sediment.metadata.ratis;

import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Measures a group of one over a bucket in memory: time to ready, submit latency, heap. The first
 * start of a process also loads classes and RocksDB's library.
 */
public final class MetadataBench {
  private MetadataBench() {}

  public static void main(String[] args) throws IOException {
    Path folder = Files.createTempDirectory("metadata-bench");
    try (ThreadPoolScheduler scheduler = new ThreadPoolScheduler("bench", 2);
        ObjectStore store = new MemoryObjectStore(scheduler)) {
      RaftMetadata metadata = open("first start, empty", folder, store, scheduler);
      latencies(metadata);
      topics(metadata, 10_000);
      latencies(metadata);
      heap("10,000 partitions");
      // What a kill leaves: the log, and no checkpoint.
      copy(folder, folder.resolveSibling(folder.getFileName() + "-killed"));
      close(metadata);
      Path killed = folder.resolveSibling(folder.getFileName() + "-killed");
      for (int i = 0; i < 3; i++) {
        metadata = open("start, 10,000 partitions, checkpointed", folder, store, scheduler);
        close(metadata);
      }
      metadata = open("start, 10,000 partitions, after a kill", killed, store, scheduler);
      close(metadata);
      Folders.delete(folder);
      Folders.delete(killed);
    }
  }

  private static RaftMetadata open(
      String what, Path folder, ObjectStore store, ThreadPoolScheduler scheduler)
      throws IOException {
    long start = System.nanoTime();
    RaftMetadata metadata =
        RaftMetadata.open(
            MetadataConfig.ofOneBroker(0, new HostPort("127.0.0.1", 0), folder),
            store,
            scheduler,
            SystemPorts.ticker(),
            SystemPorts.secureRandom(),
            (lane, incarnation, epoch) ->
                CompletableFuture.failedFuture(new IllegalStateException()));
    print(what, start);
    return metadata;
  }

  private static void close(RaftMetadata metadata) throws IOException {
    long start = System.nanoTime();
    metadata.close();
    print("close", start);
  }

  private static void topics(RaftMetadata metadata, int count) {
    long epoch =
        metadata
            .submit(new RegisterBroker(0, new UUID(1, 1), "localhost", 9092, null))
            .join()
            .valueOrThrow();
    LaneId lane = metadata.lanes().register(0).join();
    metadata.submit(new RegisterLane(lane, 0)).join();
    long laneEpoch = metadata.submit(new OpenLane(lane, 0, epoch)).join().valueOrThrow();
    metadata.submit(new LaneOpened(lane, laneEpoch, Map.of())).join();
    long start = System.nanoTime();
    List<CompletableFuture<?>> all = new ArrayList<>();
    for (int i = 0; i < count / 10; i++) {
      NewTopic topic =
          new NewTopic(topicId(i), "topic-" + i, 10, 3, List.of(), Map.of("retention.ms", "1000"));
      all.add(metadata.submit(new CreateTopics(List.of(topic))));
    }
    all.forEach(CompletableFuture::join);
    print(count / 10 + " CreateTopics of 10 partitions at once", start);
    start = System.nanoTime();
    laneEpoch = metadata.submit(new OpenLane(lane, 0, epoch)).join().valueOrThrow();
    metadata.submit(new LaneOpened(lane, laneEpoch, Map.of())).join();
    print("OpenLane and LaneOpened of " + count + " partitions", start);
  }

  /** Ids that spread over the tree. */
  private static UUID topicId(int i) {
    return new UUID(i * 0x9E37_79B9_7F4A_7C15L, i);
  }

  private static void latencies(RaftMetadata metadata) {
    int rounds = 2000;
    long[] micros = new long[rounds];
    for (int i = 0; i < rounds * 2; i++) {
      long start = System.nanoTime();
      metadata.submit(new SetFeatureLevels(Map.of("f", 1 + i % 100))).join();
      micros[i / 2] = (System.nanoTime() - start) / 1000;
    }
    Arrays.sort(micros);
    System.out.printf(
        "submit, one at a time: p50=%d us p99=%d us%n",
        micros[rounds / 2], micros[rounds * 99 / 100]);
  }

  private static void heap(String what) {
    System.gc();
    System.out.printf(
        "%s: heap used=%d MB, non-heap used=%d MB, threads=%d%n",
        what,
        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20,
        ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage().getUsed() >> 20,
        ManagementFactory.getThreadMXBean().getThreadCount());
  }

  private static void print(String what, long startNanos) {
    System.out.printf("%s: %d ms%n", what, (System.nanoTime() - startNanos) / 1_000_000);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else if (!path.getFileName().toString().equals("in_use.lock")) {
          Files.copy(path, target);
        }
      }
    }
  }
}
