package io.sediment.lsm.lane;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Allowance;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * One lane's bucket in a simulated world, brokers that open it one after the other, and a plain
 * model of what they appended: per partition a list of batches, the first part of it acknowledged.
 */
public final class LaneWorld {
  public static final LaneId LANE = new LaneId(2);
  public static final long INCARNATION = 1;
  public static final Duration PATIENCE = Duration.ofHours(6);
  private static final UUID TOPIC = new UUID(0x5ed1, 0x3e27);

  /** One appended batch, as it must be read back. */
  record Appended(long baseOffset, int records, long timestamp, ByteBuffer bytes) {
    long nextOffset() {
      return baseOffset + records;
    }
  }

  public final Simulation simulation;
  public final SimObjectStore bucket;
  public final RandomGenerator random;
  public final LaneKeys keys = new LaneKeys(LANE);
  final Map<PartitionId, List<Appended>> model = new TreeMap<>();
  public final Map<PartitionId, Long> logStarts = new TreeMap<>();
  private final Map<PartitionId, Long> acked = new TreeMap<>();
  private final Map<PartitionId, Map<Long, Integer>> sequences = new HashMap<>();
  private long nextEpoch = 1;

  /**
   * A broker with the lane open. Where the bucket damages reads more often than they are repeated,
   * opening fails, and the process starts again.
   */
  public Broker openBroker(String name) {
    while (true) {
      Broker broker = broker(name);
      try {
        broker.lane();
        return broker;
      } catch (CompletionException e) {
        if (!(e.getCause() instanceof CorruptObjectException)) {
          throw e;
        }
        broker.crash();
      }
    }
  }

  public LaneWorld(long seed, FaultPlan faults) {
    simulation = new Simulation(seed);
    bucket = new SimObjectStore(simulation, faults);
    random = simulation.random("workload");
  }

  public static PartitionId partition(int number) {
    return new PartitionId(TOPIC, number);
  }

  /** Small enough that memtables leave memory and blocks leave the cache. */
  public static MemoryBudget smallBudget() {
    return budget(256 << 10, 128 << 10);
  }

  public static MemoryBudget budget(long walBytes, long cacheBytes) {
    return new MemoryBudget(
        walBytes + 4 * cacheBytes,
        Map.of(
            Share.WAL, new Allowance(walBytes, walBytes),
            Share.TAIL, new Allowance(cacheBytes, cacheBytes),
            Share.BLOCK_CACHE, new Allowance(cacheBytes, cacheBytes),
            Share.READAHEAD, new Allowance(cacheBytes, cacheBytes),
            Share.COMPACTION, new Allowance(0, cacheBytes)));
  }

  public static LaneConfig smallConfig() {
    return expiring(Duration.ofDays(365 * 100));
  }

  /** Small, and forgetting producers that were silent for {@code producerExpiry}. */
  public static LaneConfig expiring(Duration producerExpiry) {
    return new LaneConfig(
        16 << 10,
        2,
        48 << 10,
        Duration.ofMinutes(1),
        2,
        Duration.ofMillis(100),
        Duration.ofSeconds(10),
        producerExpiry,
        new GarbageOptions(64, 100, Duration.ofMillis(20)),
        Duration.ofSeconds(30));
  }

  /** What a process has to work with in a simulated bucket; the same store for all its reads. */
  public static LaneEnvironment environment(
      SimObjectStore bucket, SimScheduler process, long incarnation, MemoryBudget budget) {
    ObjectStore store = bucket.forProcess(process);
    return new LaneEnvironment(
        store,
        store,
        new SerialWriteAheadLogs(store, process, process.random(), incarnation, 8 << 10),
        process,
        process,
        process,
        process.random(),
        budget);
  }

  /** Flips a bit in what describes an object of the lane. */
  void damageFooter(L0Ref ref) {
    ObjectKey key = ref.key(LANE);
    byte[] bytes = bucket.peek(key).orElseThrow().clone();
    bytes[bytes.length - 40] ^= 1;
    replace(key, bytes);
  }

  /** Puts other bytes in an object's place, as no process of the engine ever does. */
  public void replace(ObjectKey key, byte[] bytes) {
    bucket.removeNow(key);
    bucket.allowChangedBodies();
    await(
        bucket
            .forProcess(simulation.process("vandal"))
            .putIfAbsent(key, ObjectBody.of(ByteBuffer.wrap(bytes))),
        "put");
  }

  public <T> T await(CompletableFuture<T> future, String what) {
    return simulation.await(future, PATIENCE, what);
  }

  /** The store may fail a read, or damage it more often than is looked again: then once more. */
  public <T> T awaitRead(Supplier<CompletableFuture<T>> read, String what) {
    for (int attempt = 1; ; attempt++) {
      try {
        return await(read.get(), what);
      } catch (CompletionException e) {
        boolean isFault =
            e.getCause() instanceof ObjectStoreException
                || e.getCause() instanceof CorruptObjectException;
        if (!isFault || attempt == 50) {
          throw e;
        }
        simulation.runFor(Duration.ofSeconds(1));
      }
    }
  }

  /** A process that owns the lane under the next epoch. */
  public final class Broker {
    public final SimScheduler process;
    public final long epoch;
    final MemoryBudget budget;
    final List<SortedObject> flushed = new ArrayList<>();
    public final LaneEnvironment environment;
    final CompletableFuture<Lane> opening;
    final Map<PartitionId, LanePartition> partitions = new HashMap<>();
    final Map<PartitionId, Heard> heard = new HashMap<>();

    Broker(String name, MemoryBudget budget, LaneConfig config) {
      this.process = simulation.process(name);
      this.epoch = nextEpoch++;
      this.budget = budget;
      this.environment = environment(bucket, process, INCARNATION, budget);
      this.opening =
          Lane.open(
              environment, config, LANE, INCARNATION, epoch, (object, took) -> flushed.add(object));
    }

    public Lane lane() {
      return await(opening, "lane is open");
    }

    public LanePartition partition(int number) {
      PartitionId id = LaneWorld.partition(number);
      return partitions.computeIfAbsent(
          id,
          unknown -> {
            Heard listener = new Heard();
            heard.put(id, listener);
            long end = lane().endOffsets().getOrDefault(id, 0L);
            return lane().openPartition(id, (int) epoch, end, listener);
          });
    }

    /** After it was led elsewhere: it left here flushed, and goes on at another offset. */
    public LanePartition comeBack(int number, int leaderEpoch, long startOffset) {
      Heard listener = new Heard();
      PartitionId id = LaneWorld.partition(number);
      LanePartition back = lane().openPartition(id, leaderEpoch, startOffset, listener);
      partitions.put(id, back);
      heard.put(id, listener);
      return back;
    }

    /** Appends one batch, of an idempotent producer every other time. */
    public void append(int partitionNumber, int sizeBytes, int records, long timestamp) {
      append(partitionNumber, sizeBytes, records, timestamp, random.nextBoolean());
    }

    public void append(
        int partitionNumber, int sizeBytes, int records, long timestamp, boolean isIdempotent) {
      LanePartition partition = partition(partitionNumber);
      TestBatch batch =
          TestBatch.at(0).records(records).maxTimestamp(timestamp).size(sizeBytes, random);
      if (isIdempotent) {
        long producer = random.nextInt(3);
        Map<Long, Integer> next =
            sequences.computeIfAbsent(partition.id(), none -> new HashMap<>());
        batch.producer(producer, 0, next.getOrDefault(producer, 0));
        next.merge(producer, records, Integer::sum);
      }
      ByteBuffer bytes = batch.build();
      long base = partition.append(bytes);
      RecordBatchLayout.assign(bytes, 0, base, partition.leaderEpoch());
      model
          .computeIfAbsent(partition.id(), none -> new ArrayList<>())
          .add(new Appended(base, records, timestamp, bytes));
    }

    void until(String what, int partitionNumber) {
      LanePartition partition = partition(partitionNumber);
      simulation.runUntil(() -> partition.durableOffset() == partition.endOffset(), PATIENCE, what);
    }

    public void untilAllDurable() {
      simulation.runUntil(
          () ->
              partitions.values().stream()
                  .allMatch(partition -> partition.durableOffset() == partition.endOffset()),
          PATIENCE,
          "everything is durable");
    }

    /** What its listeners heard is what may not be lost. */
    void noteAcked() {
      heard.forEach(
          (id, listener) -> {
            List<Long> durable = listener.durable();
            if (!durable.isEmpty()) {
              acked.merge(id, durable.get(durable.size() - 1), Math::max);
            }
          });
    }

    /** Raises a log start to some batch's end that is durable, and lets the lane drop the rest. */
    public void raiseLogStart(int partitionNumber) {
      LanePartition partition = partition(partitionNumber);
      List<Appended> log = model.getOrDefault(partition.id(), List.of());
      long start = logStarts.getOrDefault(partition.id(), 0L);
      for (Appended batch : log) {
        if (batch.nextOffset() <= partition.durableOffset() && random.nextInt(3) > 0) {
          start = Math.max(start, batch.nextOffset());
        }
      }
      logStarts.put(partition.id(), start);
      awaitRead(() -> lane().reclaim(logStarts, Set.of()), "reclaimed");
    }

    public void crash() {
      noteAcked();
      process.crash();
    }

    /** Reads the partition from {@code offset} to its durable end, in pieces, and compares. */
    public void assertReads(int partitionNumber, long offset, int maxBytes) {
      LanePartition partition = partition(partitionNumber);
      long next = offset;
      long end = partition.durableOffset();
      while (next < end) {
        try (BatchSlices slices = readAt(partition, next, maxBytes, end)) {
          assertThat(slices.isEmpty())
              .as("nothing read: offset=%s end=%s %s", next, end, partition.id())
              .isFalse();
          next = compare(partition.id(), next, slices);
        }
      }
      assertThat(next).isEqualTo(Math.max(offset, end));
    }

    private BatchSlices readAt(LanePartition partition, long offset, int maxBytes, long end) {
      return awaitRead(() -> partition.read(offset, maxBytes, true, end), "read of " + offset);
    }

    public void assertReadsEverything(int maxBytes) {
      for (PartitionId id : List.copyOf(model.keySet())) {
        assertReads(id.partition(), logStarts.getOrDefault(id, 0L), maxBytes);
      }
    }

    /** The timestamp lookup must agree with a walk over the model. */
    public void assertFindsTimestamp(int partitionNumber, long timestamp, long fromOffset) {
      LanePartition partition = partition(partitionNumber);
      long[] durable = {0};
      OptionalLong found =
          awaitRead(
              () -> {
                durable[0] = partition.durableOffset(); // a later attempt may see more
                return partition.batchForTimestamp(timestamp, fromOffset);
              },
              "timestamp lookup");
      OptionalLong expected =
          model.getOrDefault(partition.id(), List.of()).stream()
              .filter(
                  it ->
                      it.nextOffset() > fromOffset
                          && it.timestamp() >= timestamp
                          && it.baseOffset() < durable[0])
              .mapToLong(it -> Math.max(fromOffset, it.baseOffset()))
              .findFirst();
      assertThat(found)
          .as("timestamp=%s fromOffset=%s durable=%s", timestamp, fromOffset, durable[0])
          .isEqualTo(expected);
    }

    public void assertProducers(int partitionNumber) {
      LanePartition partition = partition(partitionNumber);
      List<ProducerEntry> states = awaitRead(partition::producers, "producers");
      Map<Long, List<Long>> actual = new HashMap<>();
      for (ProducerEntry state : states) {
        actual.put(
            state.producerId(),
            state.batches().stream().map(ProducerEntry.Batch::baseOffset).toList());
      }
      assertThat(actual)
          .as("offsets of the last batches of %s", partition.id())
          .isEqualTo(lastBatchesIn(partition.id()));
    }
  }

  private Map<Long, Integer> sequencesIn(PartitionId id) {
    Map<Long, Integer> next = new HashMap<>();
    for (Appended batch : model.getOrDefault(id, List.of())) {
      long producer = RecordBatchLayout.producerId(batch.bytes(), 0);
      if (producer >= 0) {
        next.put(producer, RecordBatchLayout.lastSequence(batch.bytes(), 0) + 1);
      }
    }
    return next;
  }

  /** Of each producer, as many as are remembered. */
  private Map<Long, List<Long>> lastBatchesIn(PartitionId id) {
    Map<Long, List<Long>> batches = new HashMap<>();
    for (Appended batch : model.getOrDefault(id, List.of())) {
      long producer = RecordBatchLayout.producerId(batch.bytes(), 0);
      if (producer >= 0) {
        batches.computeIfAbsent(producer, none -> new ArrayList<>()).add(batch.baseOffset());
      }
    }
    batches.replaceAll(
        (producer, all) ->
            all.subList(Math.max(0, all.size() - ProducerEntry.BATCHES_KEPT), all.size()));
    return batches;
  }

  /** Compares slices with the model, and returns the offset behind them. */
  private long compare(PartitionId id, long offset, BatchSlices slices) {
    List<Appended> log = model.get(id);
    int at =
        Collections.binarySearch(
            log.stream().map(Appended::nextOffset).toList(), offset + 1, Long::compare);
    int index = at >= 0 ? at : -at - 1;
    for (ByteBuffer buffer : slices.buffers()) {
      int position = 0;
      while (position < buffer.limit()) {
        Appended expected = log.get(index++);
        int size = RecordBatchLayout.sizeInBytes(buffer, position);
        assertThat(buffer.slice(position, size))
            .as("batch at offset %s of %s", expected.baseOffset(), id)
            .isEqualTo(expected.bytes());
        position += size;
      }
    }
    assertThat(slices.nextOffset()).isEqualTo(log.get(index - 1).nextOffset());
    return slices.nextOffset();
  }

  public Broker broker(String name) {
    return new Broker(name, smallBudget(), smallConfig());
  }

  public Broker broker(String name, MemoryBudget budget, LaneConfig config) {
    return new Broker(name, budget, config);
  }

  /**
   * After a crash: the lane ends at or above what was acknowledged, and at a batch's end. What was
   * appended beyond is forgotten by the model, as the lane has.
   */
  public void settle(Broker next) {
    Map<PartitionId, Long> ends = next.lane().endOffsets();
    model.forEach(
        (id, log) -> {
          long end = ends.getOrDefault(id, 0L);
          assertThat(end).as("acknowledged of %s", id).isGreaterThanOrEqualTo(ackedOf(id));
          log.removeIf(batch -> batch.baseOffset() >= end);
          long modelEnd = log.isEmpty() ? 0 : log.get(log.size() - 1).nextOffset();
          assertThat(end).as("end of %s", id).isEqualTo(modelEnd);
          sequences.put(id, sequencesIn(id));
        });
  }

  long ackedOf(PartitionId id) {
    return acked.getOrDefault(id, 0L);
  }

  long puts() {
    return bucket.bill().requests(StoreOp.PUT_IF_ABSENT)
        + bucket.bill().requests(StoreOp.PUT_IF_MATCH);
  }
}
