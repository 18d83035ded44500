package io.sediment.lsm.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.LaneWorld.Appended;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimScheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A lane that another process appends to, read as far as its owner has said. */
class FollowedLaneTest {
  private static final LaneId OWN_LANE = new LaneId(3);
  private static final int PARTITIONS = 3;

  /** The owner of the lane, and another process that follows it. */
  private static final class Pair {
    final LaneWorld world;
    final Broker owner;
    final SimScheduler process;
    final ObjectStore store;
    final Map<PartitionId, Long> heardBytes = new HashMap<>();
    final FollowedLane followed;

    Pair(long seed) {
      world = new LaneWorld(seed, FaultPlan.none());
      owner = world.broker("owner");
      process = world.simulation.process("follower");
      store = world.bucket.forProcess(process);
      LaneEnvironment environment =
          LaneWorld.environment(
              world.bucket, process, LaneWorld.INCARNATION, LaneWorld.budget(1 << 20, 1 << 20));
      Lane own =
          world.await(
              Lane.open(
                  environment,
                  LaneWorld.smallConfig(),
                  OWN_LANE,
                  LaneWorld.INCARNATION,
                  1,
                  FlushListener.NONE),
              "open");
      followed =
          own.follow(
              LaneWorld.LANE,
              grown -> grown.forEach((id, bytes) -> heardBytes.merge(id, bytes, Long::sum)));
    }

    void append(int count) {
      for (int i = 0; i < count; i++) {
        owner.append(i % PARTITIONS, 1000, 1 + i % 4, world.random.nextInt(1000));
      }
      owner.untilAllDurable();
    }

    void advance() {
      world.await(followed.advance(owner.lane().ackedSlot()), "advanced");
    }

    long end(PartitionId partition) {
      return followed.endOffset(partition, Integer.MAX_VALUE);
    }

    void assertReadsAll() {
      world.model.forEach(
          (partition, log) -> {
            long end = log.get(log.size() - 1).nextOffset();
            assertThat(end(partition)).isEqualTo(end);
            assertThat(read(partition, 0)).isEqualTo(bytes(log));
          });
    }

    List<ByteBuffer> read(PartitionId partition, long offset) {
      long end = end(partition);
      List<ByteBuffer> batches = new ArrayList<>();
      for (long next = offset; next < end; ) {
        try (BatchSlices slices =
            world.await(followed.read(partition, next, 5000, true, end), "read")) {
          for (ByteBuffer buffer : slices.buffers()) {
            for (int at = 0; at < buffer.limit(); ) {
              int size = RecordBatchLayout.sizeInBytes(buffer, at);
              batches.add(ByteBuffer.allocate(size).put(buffer.slice(at, size)).flip());
              at += size;
            }
          }
          next = slices.nextOffset();
        }
      }
      return batches;
    }

    static List<ByteBuffer> bytes(List<Appended> log) {
      return log.stream().map(Appended::bytes).toList();
    }
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3})
  void whatIsAcknowledgedIsReadInOrderWhetherFlushedOrNot(long seed) {
    Pair pair = new Pair(seed);
    pair.append(40);
    pair.advance();
    pair.assertReadsAll();
    pair.world.await(pair.owner.lane().flush(), "flushed");
    pair.append(25);
    pair.advance();
    pair.assertReadsAll();
    assertThat(pair.heardBytes).hasSize(PARTITIONS);
    // The owner's log is collected behind its flush.
    pair.world.await(pair.owner.lane().flush(), "flushed");
    pair.append(5);
    pair.world.await(pair.owner.lane().flush(), "flushed");
    pair.world.simulation.runFor(Duration.ofMinutes(10));
    assertThat(pair.world.await(pair.store.get(logObject(pair, 1), ByteRange.all()), "get"))
        .isEmpty();
    pair.advance();
    pair.assertReadsAll();
    pair.append(7);
    pair.advance();
    pair.assertReadsAll();
  }

  private static ObjectKey logObject(Pair pair, long seq) {
    return pair.world.keys.wal(new WalSlot(pair.owner.epoch, seq));
  }

  @Test
  void whatExistsAndWasNotAnnouncedIsNotRead() {
    Pair pair = new Pair(4);
    pair.append(9);
    WalSlot announced = pair.owner.lane().ackedSlot();
    long[] ends = new long[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) {
      ends[i] = pair.owner.partition(i).endOffset();
    }
    pair.append(9);
    assertThat(pair.owner.lane().ackedSlot()).isGreaterThan(announced);
    pair.world.await(pair.followed.advance(announced), "advanced");
    for (int i = 0; i < PARTITIONS; i++) {
      PartitionId partition = LaneWorld.partition(i);
      assertThat(pair.end(partition)).isEqualTo(ends[i]);
      assertThat(
              pair.world
                  .await(pair.followed.read(partition, ends[i], 9999, true, Long.MAX_VALUE), "end")
                  .isEmpty())
          .isTrue();
    }
    pair.world.await(pair.followed.advance(new WalSlot(announced.epoch(), 1)), "goes back never");
    assertThat(pair.end(LaneWorld.partition(0))).isEqualTo(ends[0]);
  }

  @Test
  void anOwnerThatComesBackUnderANewEpochIsFollowedOn() {
    Pair pair = new Pair(5);
    pair.append(20);
    pair.advance();
    pair.owner.crash();
    Broker next = pair.world.broker("owner again");
    next.append(0, 1000, 2, 7);
    next.untilAllDurable();
    pair.world.await(pair.followed.advance(next.lane().ackedSlot()), "advanced");
    pair.assertReadsAll();
  }

  @Test
  void anAcknowledgedObjectThatIsMissingIsSaidToBe() {
    Pair pair = new Pair(6);
    pair.append(12);
    pair.world.await(pair.store.delete(List.of(logObject(pair, 2))), "deleted");
    CompletableFuture<Void> advanced = pair.followed.advance(pair.owner.lane().ackedSlot());
    assertThatThrownBy(() -> pair.world.await(advanced, "advanced"))
        .hasCauseInstanceOf(CorruptObjectException.class)
        .hasMessageContaining("is missing");
  }

  @ParameterizedTest(name = "first seen after it came back: {0}")
  @ValueSource(booleans = {false, true})
  void whatWasAppendedUnderALaterLeadershipDoesNotCountForAnEarlierOne(boolean late) {
    Pair pair = new Pair(7);
    PartitionId partition = LaneWorld.partition(0);
    pair.append(9);
    int epoch = pair.owner.partition(0).leaderEpoch();
    long left = pair.world.await(pair.owner.lane().closePartition(partition), "closed");
    if (!late) {
      pair.advance();
    }
    pair.world.await(pair.owner.lane().flush(), "flushed");
    pair.owner.comeBack(0, epoch + 2, left + 100); // it was led elsewhere in between
    pair.append(9);
    pair.advance();
    assertThat(pair.followed.endOffset(partition, epoch + 2))
        .isEqualTo(pair.owner.partition(0).endOffset());
    assertThat(pair.followed.endOffset(partition, epoch + 1))
        .isEqualTo(pair.followed.endOffset(partition, epoch));
    assertThat(pair.followed.endOffset(partition, epoch)).isEqualTo(left);
  }
}
