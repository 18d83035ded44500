package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;

/**
 * A member, alone in its group, that reads a topic and commits after each step. It is given each
 * record once, keeps its partitions, and is told what it committed last.
 */
final class GroupLoad implements AutoCloseable {
  private static final int COMMITS_BETWEEN = 10;

  private final String group;
  private final Map<String, Object> configs;
  private final String topic;
  private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>(); // its thread's
  private final AtomicLong commits = new AtomicLong();
  private final AtomicLong longestMs = new AtomicLong();
  private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
  private final Thread thread;
  private volatile boolean stopping;

  /**
   * @param protocol classic or consumer
   */
  GroupLoad(String bootstrap, String topic, String group, String protocol) {
    this.group = group;
    this.topic = topic;
    this.configs =
        Map.of(
            "bootstrap.servers", bootstrap,
            "group.id", group,
            "group.protocol", protocol,
            "auto.offset.reset", "earliest",
            "enable.auto.commit", "false");
    this.thread = new Thread(this::run, group);
    thread.start();
  }

  private void run() {
    try (var consumer =
        new KafkaConsumer<>(configs, new LongDeserializer(), new LongDeserializer())) {
      consumer.subscribe(List.of(topic), new Keeping());
      while (!stopping) {
        step(consumer);
      }
    } catch (RuntimeException e) {
      failures.add(group + " died: " + e);
    }
  }

  private void step(KafkaConsumer<Long, Long> consumer) {
    Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
    for (ConsumerRecord<Long, Long> record : consumer.poll(Duration.ofMillis(50))) {
      TopicPartition partition = new TopicPartition(topic, record.partition());
      OffsetAndMetadata before = next.getOrDefault(partition, committed.get(partition));
      if (record.offset() != (before == null ? 0 : before.offset())) {
        failures.add(group + ": " + partition + "@" + record.offset() + " after " + before);
      }
      next.put(partition, new OffsetAndMetadata(record.offset() + 1));
    }
    if (next.isEmpty()) {
      return;
    }
    long began = System.nanoTime();
    consumer.commitSync(next);
    committed.putAll(next);
    checkCommitted(consumer.committed(committed.keySet()));
    longestMs.accumulateAndGet(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began), Math::max);
    commits.incrementAndGet();
  }

  private void checkCommitted(Map<TopicPartition, OffsetAndMetadata> told) {
    committed.forEach(
        (partition, offset) -> {
          OffsetAndMetadata of = told.get(partition);
          if (of == null || of.offset() != offset.offset()) {
            failures.add(group + ": " + partition + " committed " + offset + " told " + of);
          }
        });
  }

  /** Whose partitions are taken away has been forgotten by its coordinator. */
  private final class Keeping implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      if (!stopping) {
        failures.add(group + " lost its partitions");
      }
    }
  }

  void awaitMore() {
    long before = commits.get();
    Await.until(
        group + " commits", () -> commits.get() >= before + COMMITS_BETWEEN || !failures.isEmpty());
  }

  /** The longest that committing and asking for it took since this was asked last. */
  long longestMs() {
    return longestMs.getAndSet(0);
  }

  void endAndCheck() throws InterruptedException {
    close();
    assertThat(failures).isEmpty();
  }

  @Override
  public void close() throws InterruptedException {
    stopping = true;
    thread.join();
  }
}
