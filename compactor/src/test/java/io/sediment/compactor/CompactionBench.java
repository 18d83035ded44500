package io.sediment.compactor;

import com.sun.management.OperatingSystemMXBean;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.StoredLaneLevels;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.ManifestEdit.AddL0;
import io.sediment.lsm.manifest.ManifestEdit.ClaimEpoch;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.object.EncodedObject;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectOptions;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.LocalObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Await;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * What re-clustering costs: CPU seconds per GB of level 0, megabytes per second and core, bytes
 * written per byte. A main, not a test: {@code CompactionBench [GB] [batch bytes]}. The objects lie
 * on the local disk; reading, verifying, joining and writing are all in the figures.
 */
public final class CompactionBench {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final LaneId LANE = new LaneId(0);
  private static final WriterTerm TERM = new WriterTerm(1, 1, new UUID(1, 2));
  private static final int OBJECTS = 32;

  private final ObjectStore store;
  private final ThreadPoolScheduler scheduler;
  private final StoredLaneLevels lane;
  private final long objectBytes;
  private final int batchBytes;

  private CompactionBench(
      ObjectStore store, ThreadPoolScheduler scheduler, long objectBytes, int batchBytes) {
    this.store = store;
    this.scheduler = scheduler;
    this.objectBytes = objectBytes;
    this.batchBytes = batchBytes;
    this.lane =
        Await.result(
            StoredLaneLevels.open(
                store,
                LANE,
                scheduler,
                SystemPorts.secureRandom(),
                true,
                GarbageOptions.LOCAL,
                Duration.ofHours(1)));
  }

  public static void main(String[] args) throws IOException {
    double gigabytes = args.length > 0 ? Double.parseDouble(args[0]) : 1;
    int batchBytes = args.length > 1 ? Integer.parseInt(args[1]) : 16 << 10;
    for (int partitions : new int[] {1_000, 1_000, 10_000, 64, 2}) { // the first one warms up
      try (ThreadPoolScheduler scheduler = new ThreadPoolScheduler("bench", 2)) {
        Path folder = Files.createTempDirectory("compaction-bench");
        try (LocalObjectStore store =
            LocalObjectStore.open(
                folder,
                new LocalObjectStore.Executors(scheduler, scheduler, scheduler),
                SystemPorts.secureRandom())) {
          long objectBytes = (long) (gigabytes * (1L << 30) / OBJECTS);
          new CompactionBench(store, scheduler, objectBytes, batchBytes).run(partitions);
        }
      }
    }
    System.exit(0);
  }

  private void run(int partitions) {
    fill(partitions);
    MemoryBudget budget = MemoryBudget.forBroker(512 << 20);
    CompactionOptions options = CompactionOptions.DEFAULT;
    LaneCompactor compactor =
        new LaneCompactor(
            lane,
            true,
            new LayeredCompaction(options),
            options,
            new CompactionEnvironment(
                store,
                scheduler,
                SystemPorts.secureRandom(),
                1,
                budget,
                new CompactionPace(scheduler, SystemPorts.ticker(), 0),
                RangeRewriter.NONE,
                id -> CompletableFuture.completedFuture(Liveness.ALL)));
    long cpu = SYSTEM.getProcessCpuTime();
    long start = SystemPorts.ticker().nanoTime();
    CompactionResult result = Await.result(compactor.turn()).orElseThrow();
    double seconds = (SystemPorts.ticker().nanoTime() - start) / 1e9;
    double cpuSeconds = (SYSTEM.getProcessCpuTime() - cpu) / 1e9;
    double megabytes = result.sourceBytes() / 1048576.0;
    System.out.printf(
        "partitions=%-6d %6.0f MB  %6.3f CPU s/GB  %6.0f MB/s per core  %6.0f MB/s  written after the log %.2f  referenced %.0f %%%n",
        partitions,
        megabytes,
        cpuSeconds / megabytes * 1024,
        megabytes / cpuSeconds,
        megabytes / seconds,
        (result.sourceBytes() + result.writtenBytes()) / (double) result.sourceBytes(),
        100.0 * result.referencedBytes() / result.sourceBytes());
  }

  /** Level 0 of a lane whose partitions all get the same. */
  private void fill(int partitions) {
    Await.result(lane.commit(new ClaimEpoch(TERM)));
    UUID topic = new UUID(1, 1);
    int perPartition = (int) Math.max(1, objectBytes / partitions / batchBytes);
    ByteBuffer template =
        TestBatch.at(0).records(1).size(batchBytes, new SplittableRandom(1)).build();
    for (int number = 0; number < OBJECTS; number++) {
      SortedObjectWriter writer =
          new SortedObjectWriter(
              new ObjectIdentity(SortedObjectKind.L0, 1, LANE, 1, 1 + 2L * number, TERM.writerId()),
              SortedObjectOptions.DEFAULT);
      for (int partition = 0; partition < partitions; partition++) {
        writer.beginSection(new PartitionId(topic, partition));
        for (int i = 0; i < perPartition; i++) {
          ByteBuffer batch = ByteBuffer.allocate(batchBytes).put(template.duplicate()).flip();
          RecordBatchLayout.assign(batch, 0, (long) number * perPartition + i, 1);
          writer.add(batch);
        }
      }
      EncodedObject object = writer.finish();
      Await.result(store.putIfAbsent(object.description().key(), object.body()));
      Await.result(
          lane.commit(
              new AddL0(
                  TERM,
                  L0Ref.of(object.description()),
                  new TableRef(1, 2 + 2L * number, 100, 1),
                  new WalSlot(1, 1 + number))));
    }
  }
}
