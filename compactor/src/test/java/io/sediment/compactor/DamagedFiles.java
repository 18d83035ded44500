package io.sediment.compactor;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.objectstore.LocalObjectStore;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.UnsyncedStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Turnstile;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A lane in files of this machine, one of which is damaged for good as a seed has it: a bit is
 * flipped, it is cut short, or it is gone. Some owners of the lane have come and gone before, with
 * compactors in their processes, so that there are files of every kind.
 *
 * <p>What may be wrong then is to be named, and nothing else may be wrong.
 */
final class DamagedFiles implements AutoCloseable {
  private static final LaneId LANE = new LaneId(4);
  private static final long INCARNATION = 1;
  private static final int PARTITIONS = 3;
  private static final Duration PATIENCE = Duration.ofHours(1);
  private static final LaneConfig CONFIG =
      new LaneConfig(
          64 << 10,
          2,
          256 << 10,
          Duration.ofMinutes(1),
          2,
          Duration.ofMillis(100),
          Duration.ofSeconds(10),
          Duration.ofDays(1),
          new GarbageOptions(64, 100, Duration.ofMillis(20)),
          Duration.ofSeconds(30));

  /** What is done to a file. */
  enum Damage {
    FLIPPED,
    CUT,
    GONE
  }

  /** What was noticed of it. */
  enum Notice {
    /** Everything is there and right: nobody needed the file. */
    HARMLESS,
    /** The lane does not open, and the file is named. */
    AT_OPENING,
    /** The lane did not open, as if it were somebody else's by now, and did when asked again. */
    REFUSED_ONCE,
    /** Some reads fail, and the file is named. */
    WHEN_READ,
    /** Records are gone, and nobody can know: nothing that is left was written after the file. */
    UNKNOWABLE
  }

  /**
   * What came of it.
   *
   * @param file that was damaged, as a key
   * @param readsInFiles reads that came as regions of files
   */
  record Outcome(String file, Damage damage, Notice notice, int readsInFiles) {}

  private final Simulation simulation;
  private final SplittableRandom random;
  private final Path root;
  private final LocalObjectStore store;
  private final Map<PartitionId, TreeMap<Long, byte[]>> acked = new HashMap<>();

  /** Where a record was hit, and no index: only this partition may suffer. */
  private @Nullable PartitionId flippedIn;

  private long epoch;

  DamagedFiles(long seed, Path root) {
    this.simulation = new Simulation(seed);
    this.random = simulation.random("damage");
    this.root = root;
    this.store = UnsyncedStore.open(root, simulation.random("store"));
  }

  @Override
  public void close() {
    store.close();
    simulation.close();
  }

  Outcome run() throws IOException {
    int owners = 2 + random.nextInt(2);
    for (int i = 0; i < owners; i++) {
      Owner owner = new Owner();
      owner.open();
      owner.work(20 + random.nextInt(30));
      owner.end();
    }
    Path file = anyFile();
    String key = root.relativize(file).toString();
    Damage damage = Damage.values()[random.nextInt(Damage.values().length)];
    damage(file, key, damage);
    Owner last = new Owner();
    Notice notice = Notice.HARMLESS;
    try {
      last.open();
    } catch (CompletionException e) {
      if (!(e.getCause() instanceof LaneFencedException)) {
        requireNamed(e, key);
        return new Outcome(key, damage, Notice.AT_OPENING, 0);
      }
      notice = Notice.REFUSED_ONCE;
      last = new Owner();
      last.open();
    }
    if (last.misses() && damage == Damage.GONE && isKnownToNobodyElse(key)) {
      return new Outcome(key, damage, Notice.UNKNOWABLE, 0);
    }
    boolean failed = last.readAll(key);
    last.work(10); // whatever cannot be read, everything can be written
    last.readAll(key);
    return new Outcome(key, damage, failed ? Notice.WHEN_READ : notice, last.readsInFiles);
  }

  /** No object of the log that was written later, and is left, tells of it. */
  private boolean isKnownToNobodyElse(String key) throws IOException {
    WalName gone = (WalName) ObjectNames.parse(new ObjectKey(key)).orElseThrow();
    try (Stream<Path> log = Files.list(root.resolve(key).getParent())) {
      for (Path file : (Iterable<Path>) log::iterator) {
        ObjectKey other = new ObjectKey(root.relativize(file).toString());
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        SortedObject object = SortedObjectReader.decodeDescription(other, bytes, bytes.limit());
        if (object.ackedSeq() >= gone.slot().seq()) {
          return false;
        }
      }
    }
    return true;
  }

  /** Of each kind as often, and rather a new one than an old one. */
  private Path anyFile() throws IOException {
    TreeMap<String, List<Path>> byKind = new TreeMap<>();
    try (Stream<Path> tree = Files.walk(root)) {
      tree.filter(Files::isRegularFile)
          .filter(file -> !file.toString().contains("~"))
          .sorted(Comparator.comparing(file -> file.getFileName().toString()))
          .forEach(
              file -> byKind.computeIfAbsent(kindOf(file), first -> new ArrayList<>()).add(file));
    }
    List<List<Path>> kinds = List.copyOf(byKind.values());
    List<Path> files = kinds.get(random.nextInt(kinds.size()));
    double old = random.nextDouble();
    return files.get(files.size() - 1 - (int) (files.size() * old * old * old));
  }

  private static String kindOf(Path file) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot < 0
        ? file.getParent().getParent().getFileName() + "/" + file.getParent().getFileName()
        : name.substring(dot);
  }

  private void damage(Path file, String key, Damage damage) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    switch (damage) {
      case FLIPPED -> {
        int position = random.nextInt(bytes.length);
        flippedIn = partitionAt(position, key, ByteBuffer.wrap(bytes));
        bytes[position] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, bytes);
      }
      case CUT -> Files.write(file, Arrays.copyOf(bytes, random.nextInt(bytes.length)));
      case GONE -> Files.delete(file);
    }
  }

  /** Whose records are there, if any. */
  private static @Nullable PartitionId partitionAt(int position, String key, ByteBuffer bytes) {
    boolean holdsRecords =
        ObjectNames.parse(new ObjectKey(key))
            .filter(name -> name instanceof WalName || key.endsWith(".l0") || key.endsWith(".l1"))
            .isPresent();
    if (!holdsRecords) {
      return null;
    }
    return SortedObjectReader.decodeDescription(new ObjectKey(key), bytes, bytes.limit())
        .sections()
        .stream()
        .filter(
            section ->
                section.position() <= position && position < section.position() + section.length())
        .map(Section::partition)
        .findFirst()
        .orElse(null);
  }

  private void requireNamed(Throwable failure, String key) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CorruptObjectException && cause.getMessage().contains(key)) {
        return;
      }
    }
    throw new AssertionError("damage of " + key + " shows as " + failure, failure);
  }

  /** A process that owns the lane. */
  private final class Owner {
    private final SimScheduler process = simulation.process("owner");
    private final MemoryBudget budget = LaneWorld.budget(1 << 20, 512 << 10);
    private final List<LanePartition> partitions = new ArrayList<>();
    private @Nullable Lane lane;
    private int readsInFiles;

    void open() {
      epoch++;
      LaneEnvironment environment =
          new LaneEnvironment(
              store,
              store,
              Optional.of(store),
              new BucketWriteAheadLogs(
                  store,
                  WalProfile.LOCAL,
                  INCARNATION,
                  process,
                  process,
                  process.random(),
                  WalMetrics.NONE),
              process,
              process,
              process,
              process.random(),
              budget,
              Turnstile.OPEN);
      Lane opened =
          simulation.await(
              Lane.open(environment, CONFIG, LANE, INCARNATION, epoch, FlushListener.NONE),
              PATIENCE,
              "the lane");
      lane = opened;
      for (int i = 0; i < PARTITIONS; i++) {
        PartitionId id = new PartitionId(new UUID(7, 7), i);
        long end = opened.endOffsets().getOrDefault(id, 0L);
        partitions.add(opened.openPartition(id, (int) epoch, end, new Silent()));
      }
      new SimulatedCompactors(CompactionMutant.NONE)
          .start(store, process, opened.compactable(), random.split());
    }

    void work(int batches) {
      for (int i = 0; i < batches; i++) {
        LanePartition partition = partitions.get(random.nextInt(PARTITIONS));
        int records = 1 + random.nextInt(3);
        ByteBuffer batch =
            TestBatch.at(0).records(records).size(200 + random.nextInt(20_000), random).build();
        long base = partition.append(batch);
        RecordBatchLayout.assign(batch, 0, base, partition.leaderEpoch());
        byte[] bytes = new byte[batch.remaining()];
        batch.duplicate().get(bytes);
        acked.computeIfAbsent(partition.id(), first -> new TreeMap<>()).put(base, bytes);
        if (random.nextInt(3) == 0) {
          simulation.runFor(Duration.ofMillis(random.nextInt(500)));
        }
        if (random.nextInt(12) == 0) {
          lane().flush();
        }
      }
      simulation.runUntil(
          () -> partitions.stream().allMatch(it -> it.durableOffset() == it.endOffset()),
          PATIENCE,
          "everything durable");
      simulation.runFor(Duration.ofSeconds(random.nextInt(20)));
    }

    private Lane lane() {
      Lane open = lane;
      if (open == null) {
        throw new IllegalStateException("not open");
      }
      return open;
    }

    void end() {
      if (random.nextBoolean()) {
        simulation.await(lane().close(), PATIENCE, "the lane's end");
      }
      process.crash();
    }

    /** Whether the log ends before something that was acknowledged. */
    boolean misses() {
      return partitions.stream()
          .anyMatch(
              partition ->
                  acked.getOrDefault(partition.id(), new TreeMap<>()).size() > 0
                      && acked.get(partition.id()).lastKey() >= partition.durableOffset());
    }

    /** Whether some reads failed, with the file to blame; whatever is read is right. */
    boolean readAll(String key) {
      boolean failed = false;
      for (LanePartition partition : partitions) {
        TreeMap<Long, byte[]> expected = acked.getOrDefault(partition.id(), new TreeMap<>());
        for (long offset : expected.keySet()) {
          failed |= !reads(partition, offset, 1, key, expected);
        }
        if (!expected.isEmpty()) {
          failed |= !reads(partition, expected.firstKey(), 1 << 20, key, expected);
        }
      }
      if (failed && lane().stats().reads().damagedReads() == 0) {
        throw new AssertionError("no alarm was raised about " + key);
      }
      return failed;
    }

    /** False where the file's damage is in the way. */
    private boolean reads(
        LanePartition partition,
        long offset,
        int maxBytes,
        String key,
        TreeMap<Long, byte[]> expected) {
      CompletableFuture<BatchSlices> reading =
          partition.read(offset, maxBytes, true, Long.MAX_VALUE);
      try (BatchSlices slices = simulation.await(reading, PATIENCE, "a read")) {
        readsInFiles += slices.files().isEmpty() ? 0 : 1;
        ByteBuffer found = ByteBuffer.allocate(slices.sizeInBytes());
        for (ByteBuffer buffer : slices.loaded()) {
          found.put(buffer.duplicate());
        }
        requireSame(partition, offset, found.flip(), expected);
        return true;
      } catch (CompletionException e) {
        requireNamed(e, key);
        if (flippedIn != null && !flippedIn.equals(partition.id())) {
          throw new AssertionError(partition.id() + " cannot be read, damaged is " + flippedIn, e);
        }
        return false;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void requireSame(
        LanePartition partition, long offset, ByteBuffer found, TreeMap<Long, byte[]> expected) {
      Iterator<Map.Entry<Long, byte[]>> batches = expected.tailMap(offset).entrySet().iterator();
      do {
        Map.Entry<Long, byte[]> batch = batches.next();
        byte[] bytes = new byte[Math.min(batch.getValue().length, found.remaining())];
        found.get(bytes);
        if (!Arrays.equals(bytes, batch.getValue())) {
          throw new AssertionError(
              "inconsistent offsets: "
                  + partition.id()
                  + "@"
                  + batch.getKey()
                  + " holds other bytes than were acknowledged");
        }
      } while (found.hasRemaining());
    }
  }

  private static final class Silent implements PartitionListener {
    @Override
    public void onDurable(long durableOffset) {}

    @Override
    public void onHalted(LaneHaltedException cause) {}
  }
}
