package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** One lane's bucket in a simulated world, and the brokers that come and go. */
final class WalWorld {
  static final LaneId LANE = new LaneId(3);
  static final long INCARNATION = 2;
  static final Duration PATIENCE = Duration.ofHours(2);

  final Simulation simulation;
  final SimObjectStore bucket;
  final LaneKeys keys = new LaneKeys(LANE);

  WalWorld(long seed) {
    this(seed, FaultPlan.none());
  }

  WalWorld(long seed, FaultPlan faults) {
    simulation = new Simulation(seed);
    bucket = new SimObjectStore(simulation, faults);
  }

  /** A process with an open log, its listener and somebody who appends. */
  final class Broker {
    final SimScheduler process;
    final WalEnvironment environment;
    final BucketWriteAheadLogs logs;
    final CountingMetrics metrics = new CountingMetrics();
    final AckLog acks = new AckLog();

    Broker(String name, WalProfile profile, UnaryOperator<ObjectStore> wrap) {
      process = simulation.process(name);
      ObjectStore store = wrap.apply(bucket.forProcess(process));
      environment = new WalEnvironment(store, process, process, process.random(), metrics);
      logs =
          new BucketWriteAheadLogs(
              store, profile, INCARNATION, process, process, process.random(), metrics);
    }

    WalWriter open(long epoch) {
      return (WalWriter) logs.open(LANE, epoch, acks);
    }

    List<SortedObject> seal(WalSlot replayAfter, long newEpoch) {
      return simulation.await(logs.seal(LANE, replayAfter, newEpoch), PATIENCE, "sealed");
    }
  }

  Broker broker(String name) {
    return broker(name, WalProfile.LATENCY);
  }

  Broker broker(String name, WalProfile profile) {
    return new Broker(name, profile, store -> store);
  }

  Broker broker(String name, WalProfile profile, UnaryOperator<ObjectStore> wrap) {
    return new Broker(name, profile, wrap);
  }

  void until(String what, BooleanSupplier condition) {
    simulation.runUntil(condition, PATIENCE, what);
  }

  ObjectKey key(long epoch, long seq) {
    return keys.wal(new WalSlot(epoch, seq));
  }

  /** Requests of that kind about that slot. */
  Predicate<StoreRequest> requests(StoreOp op, long epoch, long seq) {
    return request -> request.op() == op && request.key().equals(key(epoch, seq));
  }

  Predicate<StoreRequest> puts(long epoch, long seq) {
    return requests(StoreOp.PUT_IF_ABSENT, epoch, seq);
  }

  long putCount() {
    return bucket.bill().requests(StoreOp.PUT_IF_ABSENT);
  }

  SortedObject describe(ObjectKey key) {
    byte[] bytes = bucket.peek(key).orElseThrow();
    return SortedObjectReader.decodeDescription(key, ByteBuffer.wrap(bytes), bytes.length);
  }

  /** Every batch of {@code objects}, in slot order within each partition; all checksums checked. */
  Map<PartitionId, List<ByteBuffer>> batches(List<SortedObject> objects) {
    Map<PartitionId, List<ByteBuffer>> batches = new HashMap<>();
    for (SortedObject object : objects) {
      ByteBuffer bytes = ByteBuffer.wrap(bucket.peek(object.key()).orElseThrow());
      for (Section section : object.sections()) {
        List<ByteBuffer> ofPartition =
            batches.computeIfAbsent(section.partition(), none -> new ArrayList<>());
        for (Block block : section.blocks()) {
          ByteBuffer stored = bytes.slice((int) block.position(), block.length());
          SortedObjectReader.verifyBlock(object.key(), block, stored);
          while (stored.hasRemaining()) {
            int size = RecordBatchLayout.sizeInBytes(stored, stored.position());
            ofPartition.add(stored.slice(stored.position(), size));
            stored.position(stored.position() + size);
          }
        }
      }
    }
    return batches;
  }

  /** Each acknowledged batch lies in its slot, byte for byte. */
  void assertStored(TestAppender appender, List<WalSlot> acked) {
    Map<WalSlot, Map<PartitionId, List<ByteBuffer>>> stored = new HashMap<>();
    for (WalSlot slot : acked) {
      stored.put(slot, batches(List.of(describe(keys.wal(slot)))));
    }
    for (TestAppender.Appended batch : appender.appended()) {
      if (stored.containsKey(batch.slot())) {
        assertThat(stored.get(batch.slot()).get(batch.partition())).contains(batch.bytes());
      }
    }
  }
}
