package io.sediment.wal;

import com.sun.management.OperatingSystemMXBean;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.LocalObjectStore;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Appends as fast as the log takes it, from four threads, and says what that cost.
 *
 * <pre>
 * WalBench local|memory|null folder batchBytes partitions totalMegabytes [megabytesPerSecond inFlight spacingMillis]
 * </pre>
 *
 * The cost includes what a lane would do for the log anyway: one copy into a slab under one lock.
 * {@code null} stands for a store that answers at once, which leaves the log's own cost.
 */
public final class WalBench {
  private static final int PRODUCERS = 4;
  private static final int SLAB_BYTES = 4 << 20;
  private static final long UNACKED_BYTES_MAX = 32 << 20;

  private final int batchBytes;
  private final PartitionId[] partitions;
  private final long[] nextOffsets;
  private final WriteAheadLog log;
  private final ConcurrentLinkedQueue<ByteBuffer> freeSlabs = new ConcurrentLinkedQueue<>();
  private final Object laneLock = new Object();
  private final Object progress = new Object();
  private Slab slab;

  private final double bytesPerNano; // of one producer

  private WalBench(
      int batchBytes,
      int partitionCount,
      double megabytesPerSecond,
      BucketWriteAheadLogs logs,
      long epoch) {
    this.bytesPerNano = megabytesPerSecond / 1e3 / PRODUCERS;
    this.batchBytes = batchBytes;
    this.partitions = new PartitionId[partitionCount];
    for (int i = 0; i < partitionCount; i++) {
      partitions[i] = new PartitionId(new UUID(i / 10, 7), i % 10);
    }
    this.nextOffsets = new long[partitionCount];
    this.slab = newSlab();
    this.log =
        logs.open(
            new LaneId(0),
            epoch,
            new WriteAheadLog.Listener() {
              @Override
              public void onAcked(WalSlot slot) {
                synchronized (progress) {
                  progress.notifyAll();
                }
              }

              @Override
              public void onHalted(LaneHaltedException cause) {
                cause.printStackTrace();
                System.exit(1);
              }
            });
  }

  private Slab newSlab() {
    ByteBuffer free = freeSlabs.poll();
    ByteBuffer memory = free == null ? ByteBuffer.allocateDirect(SLAB_BYTES) : free;
    return new Slab(memory, gone -> freeSlabs.add(memory));
  }

  private void produce(int producer, long batches) throws InterruptedException {
    SplittableRandom random = new SplittableRandom(producer);
    ByteBuffer batch = ByteBuffer.allocate(batchBytes);
    TestBatches.fill(batch, 0, 0, 1, null, random);
    long sequence = 0;
    long start = System.nanoTime();
    for (long i = 0; i < batches; i++) {
      // Each producer has its own partitions, as a sticky partitioner would have it for a while.
      int partition = (int) ((i / 4 * PRODUCERS + producer) % partitions.length);
      synchronized (laneLock) {
        append(partition, producer, (int) sequence, batch);
      }
      sequence = (sequence + 1) & Integer.MAX_VALUE;
      long ahead = (long) (i * batchBytes / bytesPerNano) - (System.nanoTime() - start);
      if (ahead > 100_000) {
        LockSupport.parkNanos(ahead);
      }
      if (log.unackedBytes() > UNACKED_BYTES_MAX) {
        synchronized (progress) {
          while (log.unackedBytes() > UNACKED_BYTES_MAX) {
            progress.wait(100);
          }
        }
      }
    }
  }

  private void append(int partition, int producer, int sequence, ByteBuffer batch) {
    ByteBuffer view = slab.allocate(batchBytes);
    if (view == null) {
      slab.release();
      slab = newSlab();
      view = Objects.requireNonNull(slab.allocate(batchBytes));
    }
    view.put(0, batch, 0, batchBytes);
    long offset = nextOffsets[partition]++;
    RecordBatchLayout.assign(view, 0, offset, 1);
    ProducerEntry entry = TestBatches.producer(1 + producer, sequence, offset, 1);
    log.append(partitions[partition], slab, view, entry);
  }

  /** Appends so many bytes and waits until all are acknowledged. */
  private void run(ExecutorService threads, long bytes) throws Exception {
    CountDownLatch done = new CountDownLatch(PRODUCERS);
    for (int p = 0; p < PRODUCERS; p++) {
      int producer = p;
      threads.execute(
          () -> {
            try {
              produce(producer, bytes / batchBytes / PRODUCERS);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            } finally {
              done.countDown();
            }
          });
    }
    done.await();
    log.close().get();
  }

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[1]);
    int batchBytes = Integer.parseInt(args[2]);
    int partitions = Integer.parseInt(args[3]);
    long bytes = Long.parseLong(args[4]) * 1_000_000;
    double megabytesPerSecond = args.length > 5 ? Double.parseDouble(args[5]) : 1e6;
    WalProfile local = WalProfile.LOCAL;
    int inFlight = args.length > 6 ? Integer.parseInt(args[6]) : local.inFlightMax();
    Duration spacing =
        args.length > 7 ? Duration.ofMillis(Long.parseLong(args[7])) : local.spacing();
    WalProfile profile =
        new WalProfile(
            "bench",
            spacing,
            spacing,
            Duration.ZERO,
            local.objectBytesMax(),
            inFlight,
            local.besideBytesMin(),
            false);
    ThreadPoolScheduler scheduler = new ThreadPoolScheduler("wal", 2);
    ExecutorService producers = NamedThreads.pool("producer", PRODUCERS);
    ExecutorService storeThreads = NamedThreads.pool("store", 8);
    ObjectStore store = store(args[0], folder, storeThreads);
    Totals totals = new Totals();
    BucketWriteAheadLogs logs =
        new BucketWriteAheadLogs(
            store, profile, 1, scheduler, SystemPorts.ticker(), SystemPorts.random(), totals);
    OperatingSystemMXBean os = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    new WalBench(batchBytes, partitions, 1e6, logs, 1).run(producers, 500_000_000); // warm up
    totals.reset();
    WalBench bench = new WalBench(batchBytes, partitions, megabytesPerSecond, logs, 2);
    long cpu = os.getProcessCpuTime();
    long start = System.nanoTime();
    bench.run(producers, bytes);
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpuSeconds = (os.getProcessCpuTime() - cpu) / 1e9;
    System.out.printf(
        "%s batch=%d partitions=%d: %.0f MB/s, %.2f CPU s/GB, %s%n",
        args[0], batchBytes, partitions, bytes / 1e6 / seconds, cpuSeconds / (bytes / 1e9), totals);
    store.close();
    deleteAll(folder);
    System.exit(0);
  }

  private static ObjectStore store(String kind, Path folder, ExecutorService threads) {
    if (kind.equals("local")) {
      return LocalObjectStore.open(
          folder, new LocalObjectStore.Executors(threads, threads, threads), SystemPorts.random());
    }
    MemoryObjectStore memory = new MemoryObjectStore(threads);
    return kind.equals("memory")
        ? memory
        : new ForwardingStore(memory) {
          @Override
          public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
            return CompletableFuture.completedFuture(new PutResult.Created(new ETag("x")));
          }
        };
  }

  private static void deleteAll(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Means over all slots. */
  private static final class Totals implements WalMetrics {
    private final LongAdder slots = new LongAdder();
    private final LongAdder queue = new LongAdder();
    private final LongAdder put = new LongAdder();
    private final LongAdder order = new LongAdder();
    private final LongAdder objectBytes = new LongAdder();
    private final LongAdder footerBytes = new LongAdder();

    void reset() {
      List.of(slots, queue, put, order, objectBytes, footerBytes).forEach(LongAdder::reset);
    }

    @Override
    public void acked(long queueNanos, long putNanos, long orderNanos) {
      slots.increment();
      queue.add(queueNanos);
      put.add(putNanos);
      order.add(orderNanos);
    }

    @Override
    public void flushed(int batches, long bytes, long footer) {
      objectBytes.add(bytes);
      footerBytes.add(footer);
    }

    @Override
    public String toString() {
      double n = slots.sum();
      return String.format(
          "%.0f objects of %.0f KB (%.1f %% footer), queue %.2f ms, put %.2f ms, order %.2f ms",
          n,
          objectBytes.sum() / n / 1e3,
          100.0 * footerBytes.sum() / objectBytes.sum(),
          queue.sum() / n / 1e6,
          put.sum() / n / 1e6,
          order.sum() / n / 1e6);
    }
  }
}
