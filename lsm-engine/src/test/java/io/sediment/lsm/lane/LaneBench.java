package io.sediment.lsm.lane;

import com.sun.management.OperatingSystemMXBean;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.batch.TestBatch;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/**
 * What the lane itself costs, with a write-ahead log that costs nothing: CPU seconds per GB
 * appended (memory, L0 on the local disk), per GB read from the tail, per GB read to catch up, and
 * bytes per idle partition. A main, not a test: {@code LaneBench [GB] [batch bytes]}.
 */
public final class LaneBench {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final Path folder;
  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("bench", 2);
  private final MemoryBudget budget = MemoryBudget.forBroker(256 << 20);
  private final ByteBuffer batch;
  private final long bytes;
  private long epoch;

  private LaneBench(Path folder, long bytes, int batchBytes) {
    this.folder = folder;
    this.bytes = bytes;
    this.batch = TestBatch.at(0).records(16).size(batchBytes, new SplittableRandom(1)).build();
  }

  public static void main(String[] args) throws IOException {
    long bytes = (long) ((args.length > 0 ? Double.parseDouble(args[0]) : 1) * (1L << 30));
    int batchBytes = args.length > 1 ? Integer.parseInt(args[1]) : 16 << 10;
    for (int partitions : new int[] {8, 8, 1000}) { // the first one warms up
      LaneBench bench = new LaneBench(Files.createTempDirectory("lane-bench"), bytes, batchBytes);
      bench.run(partitions);
    }
    for (int partitions : new int[] {8, 1000}) {
      LaneBench bench = new LaneBench(Files.createTempDirectory("lane-bench"), bytes, batchBytes);
      bench.appendWithoutDisk(partitions);
    }
    new LaneBench(Files.createTempDirectory("lane-bench"), bytes, batchBytes).idle(10_000);
    System.exit(0);
  }

  private LocalObjectStore openStore() {
    return LocalObjectStore.open(
        folder,
        new LocalObjectStore.Executors(scheduler, scheduler, scheduler),
        SystemPorts.secureRandom());
  }

  private Lane open(ObjectStore store) {
    LaneEnvironment environment =
        new LaneEnvironment(
            store,
            store,
            FakeWriteAheadLogs.acknowledgingOn(scheduler),
            scheduler,
            SystemPorts.ticker(),
            SystemPorts.wallClock(),
            SystemPorts.secureRandom(),
            budget);
    return Await.result(
        Lane.open(
            environment,
            LaneConfig.forBudget(budget),
            new LaneId(0),
            1,
            ++epoch,
            FlushListener.NONE));
  }

  private List<LanePartition> partitions(Lane lane, int count) {
    List<LanePartition> partitions = new ArrayList<>();
    UUID topic = new UUID(1, 1);
    Map<PartitionId, Long> ends = lane.endOffsets();
    for (int i = 0; i < count; i++) {
      PartitionId id = new PartitionId(topic, i);
      long end = ends.getOrDefault(id, 0L);
      partitions.add(lane.openPartition(id, (int) epoch, end, new Deaf()));
    }
    return partitions;
  }

  private void run(int count) {
    try (LocalObjectStore store = openStore()) {
      Lane lane = open(store);
      List<LanePartition> partitions = partitions(lane, count);
      measure("append, partitions=" + count, () -> append(partitions));
      measure("tail read, partitions=" + count, () -> readTail(partitions));
      Await.result(lane.close());

      Lane again = open(store);
      List<LanePartition> reopened = partitions(again, count);
      measure("catch-up read, partitions=" + count, () -> readAll(reopened));
      System.out.printf(
          "  gets=%d blockLoads=%d blockHits=%d indexLoads=%d l0=%d%n",
          again.stats().reads().gets(),
          again.stats().reads().blockLoads(),
          again.stats().reads().blockHits(),
          again.stats().reads().indexLoads(),
          again.stats().l0Objects());
      Await.result(again.close());
    }
  }

  /** The engine's own part: objects are built, checksummed and thrown away. */
  private void appendWithoutDisk(int count) {
    Lane lane = open(new ForgetfulStore());
    List<LanePartition> partitions = partitions(lane, count);
    measure("append without disk, partitions=" + count, () -> append(partitions));
    Await.result(lane.close());
  }

  private interface Work {
    long run();
  }

  private static void measure(String what, Work work) {
    long cpu = SYSTEM.getProcessCpuTime();
    long start = SystemPorts.ticker().nanoTime();
    long done = work.run();
    double seconds = (SystemPorts.ticker().nanoTime() - start) / 1e9;
    double gb = done / (double) (1 << 30);
    System.out.printf(
        "%-36s %6.2f GB  %8.3f CPU s/GB  %8.1f MB/s%n",
        what, gb, (SYSTEM.getProcessCpuTime() - cpu) / 1e9 / gb, done / 1048576.0 / seconds);
  }

  private long append(List<LanePartition> partitions) {
    long done = 0;
    for (int i = 0; done < bytes; i++) {
      LanePartition partition = partitions.get(i % partitions.size());
      while (true) {
        try {
          partition.append(batch);
          break;
        } catch (LaneBusyException full) {
          pause();
        }
      }
      done += batch.remaining();
    }
    for (LanePartition partition : partitions) {
      Await.until("durable", () -> partition.durableOffset() == partition.endOffset());
    }
    return done;
  }

  private static void pause() {
    LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
  }

  /** The last megabyte of every partition, as often as it takes. */
  private long readTail(List<LanePartition> partitions) {
    int records = RecordBatchLayout.recordsCount(batch, 0);
    long done = 0;
    for (int i = 0; done < bytes; i++) {
      LanePartition partition = partitions.get(i % partitions.size());
      long back = Math.max(1, Math.min(64, (8 << 20) / batch.remaining() / partitions.size()));
      long from = Math.max(0, partition.endOffset() - back * records);
      try (BatchSlices slices = Await.result(partition.read(from, 1 << 20, true, Long.MAX_VALUE))) {
        done += slices.sizeInBytes();
      }
    }
    return done;
  }

  /** Every partition from the beginning, a megabyte at a time, all of them in turn. */
  private long readAll(List<LanePartition> partitions) {
    long done = 0;
    long[] next = new long[partitions.size()];
    boolean more = true;
    while (more) {
      more = false;
      for (int i = 0; i < next.length; i++) {
        LanePartition partition = partitions.get(i);
        if (next[i] < partition.durableOffset()) {
          more = true;
          try (BatchSlices slices =
              Await.result(partition.read(next[i], 1 << 20, true, Long.MAX_VALUE))) {
            done += slices.sizeInBytes();
            next[i] = slices.nextOffset();
          }
        }
      }
    }
    return done;
  }

  private void idle(int count) {
    try (LocalObjectStore store = openStore()) {
      Lane lane = open(store);
      long before = heapUsed();
      List<LanePartition> partitions = partitions(lane, count);
      long opened = heapUsed();
      ByteBuffer small = TestBatch.at(0).size(100, new SplittableRandom(1)).build();
      partitions.forEach(partition -> partition.append(small));
      Await.result(lane.flush());
      long flushed = heapUsed();
      System.out.printf(
          "heap per partition: opened=%d bytes, after one flushed batch=%d bytes, direct=%d MB%n",
          (opened - before) / count, (flushed - before) / count, budget.usedBytes() >> 20);
      partitions.clear();
      Await.result(lane.close());
    }
  }

  private static long heapUsed() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
