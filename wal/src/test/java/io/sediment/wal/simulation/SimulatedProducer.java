package io.sediment.wal.simulation;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An idempotent producer of one partition, as Kafka's is: up to five batches under way, numbered by
 * sequence, sent again in order until each is acknowledged. It lives in the network, so to say: it
 * never crashes, but its requests and answers are lost with the brokers they concern.
 */
final class SimulatedProducer {
  private static final int IN_FLIGHT_MAX = 5;
  private static final Duration TIMEOUT = Duration.ofSeconds(8);

  /** A batch that is not acknowledged yet. */
  record Pending(int sequence, int records, byte[] batch) {
    ByteBuffer bytes() {
      return ByteBuffer.wrap(batch);
    }
  }

  /** Which broker the producer believes to lead. */
  interface Leaders {
    /** Null while there is none. */
    @Nullable SimulatedBroker leaderFor(SimulatedProducer producer);
  }

  private final SimScheduler network;
  private final PartitionId partition;
  private final long producerId;
  private final LogModel model;
  private final Leaders leaders;
  private final SplittableRandom random;
  private final SplittableRandom delays; // between a record's time and its being sent
  private final TreeMap<Integer, Pending> unacked = new TreeMap<>();
  private final List<Integer> unsent = new ArrayList<>();
  private @Nullable SimulatedBroker connectedTo;
  private int nextSequence;
  private int session;
  private boolean producing = true;

  SimulatedProducer(
      Simulation simulation,
      PartitionId partition,
      long producerId,
      LogModel model,
      Leaders leaders) {
    this.partition = partition;
    this.producerId = producerId;
    this.model = model;
    this.leaders = leaders;
    this.network = simulation.process("producer-" + partition.partition());
    this.random = network.random();
    this.delays = simulation.random("delays of " + network);
    later(this::produce, 50);
  }

  PartitionId partition() {
    return partition;
  }

  long producerId() {
    return producerId;
  }

  void stop() {
    producing = false;
  }

  boolean hasNothingUnacked() {
    return unacked.isEmpty();
  }

  int nextSequence() {
    return nextSequence;
  }

  private void later(Runnable task, int millisMax) {
    long nanos = random.nextLong(millisMax * 1_000_000L);
    network.schedule(task, Duration.ofNanos(nanos));
  }

  private void produce() {
    if (!producing) {
      return;
    }
    if (unacked.size() < IN_FLIGHT_MAX) {
      int records = 1 + random.nextInt(3);
      int size = random.nextInt(6) == 0 ? 4_100 + random.nextInt(12_000) : 80 + random.nextInt(300);
      TestBatch batch =
          TestBatch.at(0)
              .records(records)
              .producer(producerId, 0, nextSequence)
              .maxTimestamp(network.millis() - delay())
              .size(size, random);
      Pending pending = new Pending(nextSequence, records, batch.build().array());
      model.sent(partition, pending);
      unacked.put(nextSequence, pending);
      unsent.add(nextSequence);
      nextSequence += records;
      send();
    }
    later(this::produce, random.nextInt(4) == 0 ? 2_000 : 120);
  }

  /** Mostly none; some records are old when they are sent, so that times do not only rise. */
  private int delay() {
    return delays.nextInt(3) == 0 ? delays.nextInt(20_000) : 0;
  }

  /**
   * Hands what is unsent to the leader, in order; after a change of leader, all that is unacked.
   */
  private void send() {
    SimulatedBroker leader = leaders.leaderFor(this);
    if (leader == null) {
      reconnectAfter(500);
      return;
    }
    if (leader != connectedTo) {
      connectedTo = leader;
      unsent.clear();
      unsent.addAll(unacked.keySet());
    }
    if (unsent.isEmpty()) {
      return;
    }
    List<Pending> request = unsent.stream().map(unacked::get).toList();
    unsent.clear();
    int inSession = session;
    network.trace(
        "session "
            + inSession
            + " sends "
            + request.stream().map(Pending::sequence).toList()
            + " to "
            + leader.process());
    leader.receive(this, inSession, request);
    network.schedule(
        () -> {
          boolean open = request.stream().anyMatch(it -> unacked.containsKey(it.sequence()));
          if (inSession == session && open) {
            reconnect();
          }
        },
        TIMEOUT);
  }

  private void reconnectAfter(int millisMax) {
    int inSession = ++session;
    connectedTo = null;
    later(
        () -> {
          if (inSession == session) {
            reconnect();
          }
        },
        millisMax);
  }

  private void reconnect() {
    session++;
    connectedTo = null;
    unsent.clear();
    send();
  }

  /**
   * A broker acknowledged. Answers of a connection come in order; one that is lost is lost with its
   * connection.
   */
  void acknowledge(int inSession, int sequence) {
    network.trace(
        "session " + inSession + (inSession == session ? "" : " (over)") + " ack " + sequence);
    if (inSession != session) {
      return;
    }
    if (random.nextInt(200) == 0) {
      reconnectAfter(300);
    } else {
      unacked.remove(sequence);
    }
  }

  /** A broker refused: not the leader, busy, out of order. */
  void refuse(int inSession) {
    later(
        () -> {
          if (inSession == session) {
            reconnectAfter(300);
          }
        },
        5);
  }
}
