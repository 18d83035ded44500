package io.sediment.wal.simulation;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.gc.GarbageCollector;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.lane.WriteAheadLogs;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.StringJoiner;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** Puts the real parts of a lane together in a simulated process, with sizes that make haste. */
final class LaneOpening {
  private static final long INCARNATION = 1;

  private final ObjectStore store;
  private final SimScheduler process;
  private final LaneId lane;
  private final long epoch;
  private final LaneMutant mutant;
  private final WriteAheadLogs logs;
  private final LaneConfig config;
  private final GarbageOptions garbage;
  private final MemoryBudget memory;
  private final LaneCompactors compactors;
  private final SplittableRandom compactorOptions;
  private final Map<MemoryBudget.Share, Long> taken = new EnumMap<>(MemoryBudget.Share.class);
  private long exhaustions;

  /**
   * @param options draws sizes and times, differently for each process
   * @param hasty commits and collects as often as it can
   */
  LaneOpening(
      SimObjectStore bucket,
      SimScheduler process,
      LaneId lane,
      long epoch,
      SplittableRandom options,
      LaneMutant mutant,
      LaneCompactors compactors,
      boolean hasty) {
    this.store = mutant.spoilAll(bucket.forProcess(process), process, epoch);
    this.process = process;
    this.lane = lane;
    this.epoch = epoch;
    this.mutant = mutant;
    this.logs =
        mutant.spoil(
            new BucketWriteAheadLogs(
                mutant.spoil(store, process),
                profile(options),
                INCARNATION,
                process,
                process,
                process.random(),
                WalMetrics.NONE),
            store);
    this.config = config(options, hasty);
    this.garbage = new GarbageOptions(32, 1 + options.nextInt(20), Duration.ofMillis(1));
    this.memory = MemoryBudget.forBroker(1L << (19 + options.nextInt(4)));
    this.compactors = compactors;
    this.compactorOptions = options.split();
  }

  CompletableFuture<Lane> open() {
    process.trace("opens epoch " + epoch + " with " + memory.totalBytes() + " bytes and " + config);
    if (mutant != LaneMutant.WAL_FENCED_BEFORE_MANIFEST) {
      return open(logs);
    }
    ManifestStore manifests = manifests();
    return manifests
        .open()
        .thenCompose(manifest -> logs.seal(lane, manifest.replayAfter(), epoch))
        .thenCompose(objects -> open(new SealedBefore(logs, objects)));
  }

  private CompletableFuture<Lane> open(WriteAheadLogs logs) {
    return Lane.open(environment(logs), config, lane, INCARNATION, epoch, FlushListener.NONE);
  }

  CompletableFuture<Map<PartitionId, Lane.SealedEnd>> seal() {
    process.trace("seals under epoch " + epoch);
    return Lane.seal(environment(logs), config, lane, INCARNATION, epoch);
  }

  /** From now on, as an owner does; a zombie goes on with what it once knew. */
  void collectGarbageNowAndThen() {
    ManifestStore manifests = manifests();
    GarbageCollector collector = new GarbageCollector(store, manifests, lane, process, garbage);
    manifests.open().whenComplete((newest, failure) -> collect(manifests, collector));
  }

  private void collectLater(ManifestStore manifests, GarbageCollector collector) {
    int millisMax = collector.isDone() ? 20 * 60_000 : 6_000; // nothing new: no hurry
    long millis = 500 + process.random().nextInt(millisMax);
    process.schedule(() -> collect(manifests, collector), Duration.ofMillis(millis));
  }

  private void collect(ManifestStore manifests, GarbageCollector collector) {
    manifests
        .refresh()
        .thenCompose(newest -> collector.pass())
        .whenComplete(
            (result, failure) -> {
              process.trace("garbage: " + (failure == null ? result : failure));
              collectLater(manifests, collector);
            });
  }

  /** Compacts the lane inside its owner. */
  void compact(Lane lane) {
    compactors.start(store, process, lane.compactable(), compactorOptions);
  }

  /** One collector's rounds through all folders, each of them whole. */
  CompletableFuture<Void> collectGarbage(int rounds) {
    ManifestStore manifests = manifests();
    GarbageOptions all = new GarbageOptions(GarbageOptions.FOLDERS, 100, Duration.ofMillis(1));
    GarbageCollector collector = new GarbageCollector(store, manifests, lane, process, all);
    return manifests.open().thenCompose(newest -> rounds(manifests, collector, rounds));
  }

  private static CompletableFuture<Void> rounds(
      ManifestStore manifests, GarbageCollector collector, int rounds) {
    return rounds == 0
        ? CompletableFuture.completedFuture(null)
        : manifests
            .refresh()
            .thenCompose(newest -> collector.pass())
            .thenCompose(result -> rounds(manifests, collector, rounds - 1));
  }

  /**
   * Takes what is left of some shares of the memory, as slow readers and large requests do, and
   * gives it back some seconds later.
   */
  void exhaustMemory(SplittableRandom chaos) {
    giveMemoryBack();
    exhaustions++;
    for (MemoryBudget.Share share : MemoryBudget.Share.values()) {
      long bytes = chaos.nextInt(3) == 0 ? 0 : memory.limitBytes(share);
      for (; bytes > 0; bytes /= 2) {
        while (memory.tryReserve(share, bytes)) {
          taken.merge(share, bytes, Long::sum);
        }
      }
    }
    process.trace("out of memory: " + taken);
    long millis = 200L << chaos.nextInt(8);
    if (mutant != LaneMutant.MEMORY_NOT_GIVEN_BACK) {
      process.schedule(this::giveMemoryBack, Duration.ofMillis(millis));
    }
  }

  void giveMemoryBack() {
    if (mutant != LaneMutant.MEMORY_NOT_GIVEN_BACK) {
      Map<MemoryBudget.Share, Long> now = new EnumMap<>(taken);
      taken.clear();
      now.forEach(memory::release);
    }
  }

  /** How often somebody took the memory there was. */
  long exhaustions() {
    return exhaustions;
  }

  long memoryTotalBytes() {
    return memory.totalBytes();
  }

  /** Bytes that somebody holds. */
  long memoryUsedBytes() {
    return memory.usedBytes();
  }

  /** Who holds how much, for reports. */
  String memory() {
    StringJoiner text = new StringJoiner(", ", "memory: ", "");
    for (MemoryBudget.Share share : MemoryBudget.Share.values()) {
      text.add(share + " " + memory.usedBytes(share) + " of " + memory.limitBytes(share));
    }
    return text.toString();
  }

  private ManifestStore manifests() {
    UUID id = new UUID(process.random().nextLong(), process.random().nextLong());
    return new ManifestStore(store, lane, id, process);
  }

  private LaneEnvironment environment(WriteAheadLogs logs) {
    return new LaneEnvironment(
        store, store, logs, process, process, process, process.random(), memory);
  }

  private static WalProfile profile(SplittableRandom options) {
    return switch (options.nextInt(3)) {
      case 0 -> WalProfile.LOCAL;
      case 1 -> WalProfile.BALANCED;
      default -> WalProfile.LATENCY;
    };
  }

  private static LaneConfig config(SplittableRandom options, boolean hasty) {
    return new LaneConfig(
        8 << 10 << options.nextInt(4),
        options.nextInt(3),
        hasty ? 1_000 : 4_000L << options.nextInt(6),
        Duration.ofMillis(hasty ? 100 : 200L << options.nextInt(8)),
        1 + options.nextInt(3),
        Duration.ofMillis(20),
        Duration.ofSeconds(1),
        Duration.ofDays(1),
        new GarbageOptions(64, 100, Duration.ofMillis(20)),
        hasty ? Duration.ofMillis(50) : Duration.ofSeconds(5L << options.nextInt(5)));
  }

  /** A seal that was done too early. */
  private static final class SealedBefore extends LaneMutant.ForwardingLogs {
    private final List<SortedObject> objects;

    SealedBefore(WriteAheadLogs logs, List<SortedObject> objects) {
      super(logs);
      this.objects = objects;
    }

    @Override
    public CompletableFuture<List<SortedObject>> seal(
        LaneId lane, WalSlot replayAfter, long newEpoch) {
      return CompletableFuture.completedFuture(objects);
    }
  }
}
