package io.sediment.wal.simulation;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneBusyException;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.wal.simulation.SimulatedProducer.Pending;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One process that owns the real lane, or believes so, with as little above it as Kafka's rules
 * need: it leads every partition, recognises batches that a producer sends again, acknowledges what
 * is durable, and reads at random what may be read.
 */
final class SimulatedBroker {
  private static final Duration REOPEN_DELAY = Duration.ofSeconds(1);

  /** A batch that waits until it is durable. */
  private record Waiter(
      SimulatedProducer producer, int session, long baseOffset, int sequence, int records) {
    long lastOffset() {
      return baseOffset + records - 1;
    }
  }

  private final Simulation simulation;
  private final SimScheduler process;
  private final long epoch;
  private final LogModel model;
  private final List<SimulatedProducer> producers;
  private final LaneOpening opening;
  private final NavigableMap<PartitionId, Leadership> leaderships = new TreeMap<>();
  private @Nullable Lane lane;
  private boolean sealed;
  private boolean halted;
  private final SplittableRandom lookups;
  private long failedReads;
  private int unansweredReads;
  private boolean readsNoMore;

  SimulatedBroker(
      Simulation simulation,
      SimScheduler process,
      long epoch,
      LogModel model,
      List<SimulatedProducer> producers,
      LaneOpening opening) {
    this.simulation = simulation;
    this.process = process;
    this.epoch = epoch;
    this.model = model;
    this.producers = producers;
    this.opening = opening;
    this.lookups = simulation.random("lookups of " + process);
  }

  SimScheduler process() {
    return process;
  }

  long epoch() {
    return epoch;
  }

  @Nullable Lane lane() {
    return lane;
  }

  boolean isServing() {
    return lane != null
        && !halted
        && leaderships.size() == producers.size()
        && leaderships.values().stream().allMatch(leadership -> leadership.ready);
  }

  /** Whether it has closed what was there before: to open it, or for a dead broker. */
  boolean hasSealed() {
    return sealed;
  }

  boolean isHalted() {
    return halted;
  }

  void start() {
    opening
        .open()
        .whenComplete(
            (opened, failure) -> {
              if (opened != null) {
                onOpened(opened);
              } else {
                process.trace("open failed: " + failure);
                checkFailure(failure);
                halted = true;
              }
            });
  }

  private void onOpened(Lane opened) {
    process.trace("open, ends: " + opened.endOffsets().values().stream().sorted().toList());
    lane = opened;
    sealed = true;
    for (SimulatedProducer producer : producers) {
      Leadership leadership = new Leadership(producer);
      leaderships.put(producer.partition(), leadership);
      leadership.begin(opened);
    }
    process.schedule(this::readSomething, Duration.ofMillis(50));
    opening.collectGarbageNowAndThen();
    opening.compact(opened);
  }

  /** Flushes and lets go of everything. */
  CompletableFuture<Void> close() {
    Lane open = lane;
    return open == null
        ? CompletableFuture.failedFuture(new IllegalStateException("never opened: " + process))
        : open.close();
  }

  /** Ends in order, as on SIGTERM: flushes, closes, exits. */
  void shutDown() {
    Lane open = lane;
    if (open == null) {
      process.crash();
      return;
    }
    process.trace("shuts down");
    process.execute(
        () -> open.close().whenComplete((done, failure) -> process.execute(process::crash)));
  }

  void flush() {
    Lane open = lane;
    if (open != null && !halted) {
      process.execute(
          () -> open.flush().whenComplete((done, failure) -> process.trace("flush: " + failure)));
    }
  }

  /** Somebody in the process takes the memory there is, and gives it back after a while. */
  void exhaustMemory(SplittableRandom chaos) {
    SplittableRandom own = chaos.split();
    process.execute(() -> opening.exhaustMemory(own));
  }

  /** Memory that somebody in the process took is there again. */
  void giveMemoryBack() {
    process.execute(opening::giveMemoryBack);
  }

  LaneOpening opening() {
    return opening;
  }

  /** Takes the lane over without opening it, as for a dead broker. */
  void sealOnly() {
    opening
        .seal()
        .whenComplete(
            (ends, failure) -> {
              process.trace(failure == null ? "sealed" : "seal failed: " + failure);
              checkFailure(failure);
              if (ends != null) {
                sealed = true;
                for (SimulatedProducer producer : producers) {
                  Lane.SealedEnd end = ends.get(producer.partition());
                  model.checkOpened(
                      producer.partition(),
                      epoch,
                      end == null ? 0 : end.endOffset(),
                      process.name());
                }
              }
              halted = true;
            });
  }

  /** The world may fail, and others may fence; the engine may not take itself for mistaken. */
  private void checkFailure(@Nullable Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof IllegalStateException || cause instanceof NullPointerException) {
        simulation.fail("broken invariant: " + cause.getMessage());
      }
    }
  }

  /** A produce request arrives; the batches are handled in order. */
  void receive(SimulatedProducer producer, int session, List<Pending> batches) {
    process.execute(
        () -> {
          Leadership leadership = leaderships.get(producer.partition());
          if (leadership == null || !leadership.ready || halted) {
            producer.refuse(session);
            return;
          }
          for (Pending batch : batches) {
            if (!leadership.produce(session, batch)) {
              producer.refuse(session);
              return;
            }
          }
        });
  }

  // -- reading
  // -------------------------------------------------------------------------------------

  private void readSomething() {
    if (readsNoMore || halted && process.random().nextInt(20) == 0) {
      return;
    }
    int index = process.random().nextInt(leaderships.size());
    Leadership leadership = List.copyOf(leaderships.values()).get(index);
    LanePartition partition = leadership.partition;
    if (partition != null && partition.durableOffset() > 0) {
      long offset = process.random().nextLong(partition.durableOffset());
      if (unansweredReads > 20) {
        process.trace(unansweredReads + " reads are not answered; " + opening.memory());
      }
      unansweredReads++;
      readFrom(partition, offset, 1 + process.random().nextInt(40_000))
          .whenComplete(
              (log, failure) -> {
                unansweredReads--;
                if (failure != null) {
                  process.trace("read " + partition.id() + "@" + offset + ": " + failure);
                  failedReads++;
                }
              });
      if (lookups.nextInt(4) == 0) {
        lookUpSomething(partition);
      }
    }
    long millis = 1 + process.random().nextInt(1_000);
    process.schedule(this::readSomething, Duration.ofMillis(millis));
  }

  /** Looks for the first batch of some time, from some offset on. */
  CompletableFuture<Void> lookUpSomething(LanePartition partition) {
    long timestamp = model.someTimestamp(partition.id(), lookups);
    long bound = partition.durableOffset();
    long from = lookups.nextBoolean() ? 0 : lookups.nextLong(bound);
    unansweredReads++;
    return partition
        .batchForTimestamp(timestamp, from)
        .handle(
            (found, failure) -> {
              unansweredReads--;
              if (failure != null) {
                process.trace("lookup in " + partition.id() + ": " + failure);
              } else {
                model.foundTimestamp(partition.id(), timestamp, from, bound, found, process.name());
              }
              return null;
            });
  }

  long failedReads() {
    return failedReads;
  }

  void stopReading() {
    readsNoMore = true;
  }

  int unansweredReads() {
    return unansweredReads;
  }

  /** Reads once and tells the model what came; the map is by offset. */
  private CompletableFuture<NavigableMap<Long, Integer>> readFrom(
      LanePartition partition, long offset, int maxBytes) {
    long bound = partition.durableOffset();
    return partition
        .read(offset, maxBytes, true, Long.MAX_VALUE)
        .thenApply(
            slices -> {
              try (slices) {
                return records(partition.id(), offset, bound, slices);
              }
            });
  }

  private NavigableMap<Long, Integer> records(
      PartitionId partition, long offset, long bound, BatchSlices slices) {
    NavigableMap<Long, Integer> records = new TreeMap<>();
    long next = -1;
    ByteBuffer bytes = joined(slices);
    while (bytes.hasRemaining()) {
      int at = bytes.position();
      long base = RecordBatchLayout.baseOffset(bytes, at);
      int count = RecordBatchLayout.recordsCount(bytes, at);
      int sequence = RecordBatchLayout.baseSequence(bytes, at);
      if (next < 0 ? base > offset || base + count <= offset : base != next) {
        simulation.fail(
            "poll skip: asked " + partition + "@" + offset + ", got " + base + " after " + next);
      }
      for (int i = 0; i < count; i++) {
        records.put(base + i, sequence + i);
        model.read(partition, base + i, sequence + i, process.name());
      }
      int size = RecordBatchLayout.sizeInBytes(bytes, at);
      model.readBatch(partition, bytes.slice(at, size), process.name());
      next = base + count;
      bytes.position(at + size);
    }
    if (records.isEmpty() && offset < bound) {
      simulation.fail("poll skip: nothing read at " + partition + "@" + offset + " below " + bound);
    }
    return records;
  }

  private static ByteBuffer joined(BatchSlices slices) {
    ByteBuffer all = ByteBuffer.allocate(slices.sizeInBytes());
    slices.buffers().forEach(buffer -> all.put(buffer.duplicate()));
    return all.flip();
  }

  /** Reads a whole partition, patiently; for the last audit. */
  CompletableFuture<NavigableMap<Long, Integer>> readAll(PartitionId id) {
    CompletableFuture<NavigableMap<Long, Integer>> whole = new CompletableFuture<>();
    readOn(leaderships.get(id).partition, new TreeMap<>(), whole);
    return whole;
  }

  private void readOn(
      LanePartition partition,
      NavigableMap<Long, Integer> log,
      CompletableFuture<NavigableMap<Long, Integer>> whole) {
    long next = log.isEmpty() ? 0 : log.lastKey() + 1;
    process.trace("audits " + partition.id() + "@" + next + " of " + partition.durableOffset());
    if (next >= partition.durableOffset()) {
      whole.complete(log);
      return;
    }
    readFrom(partition, next, 100_000)
        .whenComplete(
            (more, failure) -> {
              if (failure != null) {
                whole.completeExceptionally(failure);
              } else {
                log.putAll(more);
                process.execute(() -> readOn(partition, log, whole));
              }
            });
  }

  /** Looks for some times in a partition; for the last audit. */
  CompletableFuture<Void> lookUp(PartitionId id, int times) {
    LanePartition partition = leaderships.get(id).partition;
    return times == 0 || partition.durableOffset() == 0
        ? CompletableFuture.completedFuture(null)
        : lookUpSomething(partition).thenCompose(done -> lookUp(id, times - 1));
  }

  /** Sequence that the partition's producer is expected to use next, by the states in the lane. */
  int nextSequence(PartitionId id) {
    return leaderships.get(id).nextSequence();
  }

  /** One partition that this process leads. */
  private final class Leadership implements PartitionListener {
    private final SimulatedProducer producer;
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    private final List<ProducerEntry.Batch> lastBatches = new ArrayList<>();
    private @Nullable LanePartition partition;
    private boolean ready;
    private long durable;

    Leadership(SimulatedProducer producer) {
      this.producer = producer;
    }

    void begin(Lane opened) {
      PartitionId id = producer.partition();
      long end = opened.endOffsets().getOrDefault(id, 0L);
      model.checkOpened(id, epoch, end, process.name());
      LanePartition begun = opened.openPartition(id, (int) epoch, end, this);
      partition = begun;
      durable = begun.durableOffset();
      if (durable != end) {
        simulation.fail("high watermark: " + id + " opened at " + durable + ", end is " + end);
      }
      loadProducers(begun);
    }

    private void loadProducers(LanePartition begun) {
      begun
          .producers()
          .whenComplete(
              (states, failure) -> {
                if (failure != null) {
                  process.trace("producer states: " + failure);
                  process.schedule(() -> loadProducers(begun), REOPEN_DELAY);
                  return;
                }
                for (ProducerEntry state : states) {
                  if (state.producerId() == producer.producerId()) {
                    lastBatches.addAll(state.batches());
                  }
                }
                checkFollowOneAnother(begun.id());
                process.trace("producer of " + begun.id() + ": " + lastBatches);
                ready = true;
              });
    }

    private void checkFollowOneAnother(PartitionId id) {
      for (int i = 1; i < lastBatches.size(); i++) {
        if (lastBatches.get(i).firstSequence() != lastBatches.get(i - 1).lastSequence() + 1) {
          simulation.fail("producer state: " + id + " remembers " + lastBatches);
        }
      }
    }

    int nextSequence() {
      return lastBatches.isEmpty() ? 0 : lastBatches.get(lastBatches.size() - 1).lastSequence() + 1;
    }

    /** False where the producer has to come again. */
    boolean produce(int session, Pending batch) {
      for (ProducerEntry.Batch known : lastBatches) {
        if (known.firstSequence() == batch.sequence()) {
          await(
              new Waiter(producer, session, known.baseOffset(), batch.sequence(), batch.records()));
          return true;
        }
      }
      if (batch.sequence() != nextSequence()) {
        process.trace("out of order: " + batch.sequence() + " after " + lastBatches);
        return false;
      }
      long base;
      try {
        base = partition.append(batch.bytes());
      } catch (LaneBusyException | LaneHaltedException e) {
        process.trace("append refused: " + e.getMessage());
        return false;
      }
      long lastOffset = base + batch.records() - 1;
      lastBatches.add(
          new ProducerEntry.Batch(
              batch.sequence(), batch.sequence() + batch.records() - 1, base, lastOffset, 0));
      if (lastBatches.size() > ProducerEntry.BATCHES_KEPT) {
        lastBatches.remove(0);
      }
      await(new Waiter(producer, session, base, batch.sequence(), batch.records()));
      return true;
    }

    private void await(Waiter waiter) {
      if (waiter.lastOffset() < durable) {
        acknowledge(waiter);
      } else {
        waiters.add(waiter);
      }
    }

    private void acknowledge(Waiter waiter) {
      for (int i = 0; i < waiter.records(); i++) {
        model.acked(producer.partition(), waiter.baseOffset() + i, waiter.sequence() + i);
      }
      waiter.producer().acknowledge(waiter.session(), waiter.sequence());
    }

    @Override
    public void onDurable(long durableOffset) {
      if (durableOffset <= durable) {
        simulation.fail(
            "high watermark fell: "
                + producer.partition()
                + " "
                + durable
                + " to "
                + durableOffset);
      }
      durable = durableOffset;
      model.durable(producer.partition(), epoch, durableOffset);
      List<Waiter> now = new ArrayList<>();
      waiters.removeIf(
          waiter -> {
            boolean isDurable = waiter.lastOffset() < durableOffset;
            if (isDurable) {
              now.add(waiter);
            }
            return isDurable;
          });
      now.forEach(this::acknowledge);
    }

    @Override
    public void onHalted(LaneHaltedException cause) {
      process.trace("halted: " + cause.getMessage());
      checkFailure(cause);
      halted = true;
      waiters.forEach(waiter -> waiter.producer().refuse(waiter.session()));
      waiters.clear();
    }
  }
}
