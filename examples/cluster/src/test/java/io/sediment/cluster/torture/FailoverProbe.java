package io.sediment.cluster.torture;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Predicate;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Measures from the death of a broker, or when it is cut off, to the next acknowledged produce on
 * each of its partitions, by a producer that was at work with all of them.
 */
final class FailoverProbe implements AutoCloseable {
  private static final String TOPIC = "wide";
  private static final Predicate<String> DETECTED = line -> line.contains("has been silent for");
  private static final Predicate<String> SEALING = line -> line.contains("sealing lane-");
  static final Predicate<String> PLACED = line -> line.contains("took over lane-");

  private final BrokerFleet fleet;
  private final int partitions;
  private final Admin admin;
  private final KafkaProducer<String, String> producer;

  FailoverProbe(BrokerFleet fleet, int partitions) throws Exception {
    this.fleet = fleet;
    this.partitions = partitions;
    Map<String, Object> config =
        Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, fleet.bootstrap());
    this.admin = Admin.create(config);
    this.producer =
        new KafkaProducer<>(
            Map.of(
                CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
                fleet.bootstrap(),
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
                120_000),
            new StringSerializer(),
            new StringSerializer());
    admin
        .createTopics(List.of(new NewTopic(TOPIC, partitions, (short) 3)))
        .all()
        .get(60, TimeUnit.SECONDS);
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      all.add(i);
    }
    sendToAll(all, System.nanoTime());
  }

  private List<Integer> ledBy(int broker) throws Exception {
    return ledBy(broker, TOPIC);
  }

  /** Partitions of a topic that a broker leads. */
  List<Integer> ledBy(int broker, String topic) throws Exception {
    TopicDescription described =
        admin.describeTopics(List.of(topic)).allTopicNames().get(60, TimeUnit.SECONDS).get(topic);
    return described.partitions().stream()
        .filter(p -> p.leader() != null && p.leader().id() == broker)
        .map(TopicPartitionInfo::partition)
        .toList();
  }

  /** A broker that leads something. */
  int anyLeader() throws Exception {
    for (int i = 0; i < fleet.size(); i++) {
      if (!ledBy(i).isEmpty()) {
        return i;
      }
    }
    throw new IllegalStateException("no broker leads anything");
  }

  /** Has a broker lead a part of the partitions at least. */
  void haveLead(int broker) throws Exception {
    List<Integer> replicas = new ArrayList<>();
    for (int i = 0; i < fleet.size(); i++) {
      replicas.add((broker + i) % fleet.size());
    }
    Map<TopicPartition, Optional<NewPartitionReassignment>> moves = new HashMap<>();
    int count = Math.max(1, partitions / fleet.size());
    for (int i = 0; i < count; i++) {
      moves.put(new TopicPartition(TOPIC, i), Optional.of(new NewPartitionReassignment(replicas)));
    }
    admin.alterPartitionReassignments(moves).all().get(60, TimeUnit.SECONDS);
    long begun = System.nanoTime();
    while (ledBy(broker).size() < count) {
      if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(60)) {
        throw new IllegalStateException("broker " + broker + " leads only " + ledBy(broker));
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private List<Long> sendToAll(List<Integer> these, long sinceNanos) throws InterruptedException {
    AtomicLongArray ackedMs = new AtomicLongArray(these.size());
    CountDownLatch acked = new CountDownLatch(these.size());
    for (int i = 0; i < these.size(); i++) {
      int place = i;
      producer.send(
          new ProducerRecord<>(TOPIC, these.get(i), "key", "value"),
          (metadata, failure) -> {
            ackedMs.set(
                place,
                failure == null
                    ? TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNanos)
                    : -1);
            acked.countDown();
          });
    }
    if (!acked.await(150, TimeUnit.SECONDS)) {
      throw new IllegalStateException(acked.getCount() + " produces were never answered");
    }
    List<Long> sorted = new ArrayList<>();
    for (int i = 0; i < these.size(); i++) {
      if (ackedMs.get(i) < 0) {
        throw new IllegalStateException("a produce to partition " + these.get(i) + " failed");
      }
      sorted.add(ackedMs.get(i));
    }
    Collections.sort(sorted);
    return sorted;
  }

  /** Ends the service of a broker, by the time that it returns. */
  @FunctionalInterface
  interface Blow {
    void strike() throws Exception;
  }

  /** Ends a broker with kill -9; prints the phases and answers the longest wait. */
  long kill(int broker, String what) throws Exception {
    return failover(broker, what, fleet.get(broker)::kill9);
  }

  /** Likewise, with another blow; what is sent comes after it. */
  long failover(int broker, String what, Blow blow) throws Exception {
    List<Integer> led = ledBy(broker);
    List<Integer> marks = fleet.marks();
    long struck = System.nanoTime();
    blow.strike();
    List<Long> waits = sendToAll(led, struck);
    long longest = waits.isEmpty() ? 0 : waits.get(waits.size() - 1);
    System.out.printf(
        "failover of %s with %d of %d partitions: detected after %s ms, sealing began after %s ms,"
            + " placed after %s ms, next acknowledged produce: first %d ms, median %d ms, last %d"
            + " ms%n",
        what,
        led.size(),
        partitions,
        after(struck, marks, broker, DETECTED),
        after(struck, marks, broker, SEALING),
        after(struck, marks, broker, PLACED),
        waits.isEmpty() ? 0 : waits.get(0),
        waits.isEmpty() ? 0 : waits.get(waits.size() / 2),
        longest);
    return longest;
  }

  private String after(long sinceNanos, List<Integer> marks, int dead, Predicate<String> wanted) {
    for (int i = 0; i < fleet.size(); i++) {
      OptionalLong at =
          i == dead ? OptionalLong.empty() : fleet.get(i).nanosOf(marks.get(i), wanted);
      if (at.isPresent()) {
        return Long.toString(TimeUnit.NANOSECONDS.toMillis(at.getAsLong() - sinceNanos));
      }
    }
    return "?";
  }

  @Override
  public void close() throws IOException {
    producer.close();
    admin.close();
  }
}
