package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.LongSerializer;

/**
 * Sends 0, 1, 2 … to each partition of a topic, with the client's defaults, and books what is
 * acknowledged.
 */
final class PartitionLoad implements AutoCloseable {
  private static final int RECORDS_BETWEEN = 50;

  private final String bootstrap;
  private final String topic;
  private final int partitions;
  private final AtomicLongArray sent;
  private final AtomicLongArray acked;
  private final AtomicLongArray ackedAtNanos;
  private final AtomicLongArray longestPauseNanos;
  private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
  private final Thread thread;
  private volatile boolean stopping;

  PartitionLoad(String bootstrap, String topic, int partitions) {
    this.bootstrap = bootstrap;
    this.topic = topic;
    this.partitions = partitions;
    this.sent = new AtomicLongArray(partitions);
    this.acked = new AtomicLongArray(partitions);
    this.ackedAtNanos = new AtomicLongArray(partitions);
    this.longestPauseNanos = new AtomicLongArray(partitions);
    this.thread = new Thread(this::run, "load");
    thread.start();
  }

  private void run() {
    try (var producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap), new LongSerializer(), new LongSerializer())) {
      while (!stopping) {
        for (int partition = 0; partition < partitions; partition++) {
          send(producer, partition, sent.getAndIncrement(partition));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      }
      producer.flush();
    } catch (RuntimeException e) {
      failures.add("the producer died: " + e);
    }
  }

  private void send(KafkaProducer<Long, Long> producer, int partition, long number) {
    producer.send(
        new ProducerRecord<>(topic, partition, number, number),
        (metadata, failure) -> {
          if (failure != null) {
            failures.add(partition + ": " + number + ": " + failure);
            return;
          }
          long now = System.nanoTime();
          long before = ackedAtNanos.getAndSet(partition, now);
          if (before != 0) {
            longestPauseNanos.accumulateAndGet(partition, now - before, Math::max);
          }
          acked.incrementAndGet(partition);
        });
  }

  void awaitMoreOfEach() {
    List<Long> before = IntStream.range(0, partitions).mapToObj(acked::get).toList();
    Await.until(
        "each partition has more records",
        () ->
            IntStream.range(0, partitions)
                .allMatch(p -> acked.get(p) >= before.get(p) + RECORDS_BETWEEN));
  }

  /** The longest time without an acknowledgement of any partition since this was asked last. */
  long longestPauseMs() {
    return IntStream.range(0, partitions)
        .mapToLong(p -> TimeUnit.NANOSECONDS.toMillis(longestPauseNanos.getAndSet(p, 0)))
        .max()
        .orElse(0);
  }

  /** Ends, and reads all that was sent back: nothing was refused, and each is there once. */
  void endAndReadBack() throws InterruptedException {
    close();
    assertThat(failures).isEmpty();
    List<TopicPartition> all =
        IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(topic, p)).toList();
    long[] next = new long[partitions];
    try (var consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrap),
            new LongDeserializer(),
            new LongDeserializer())) {
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      while (all.stream().anyMatch(tp -> consumer.position(tp) < ends.get(tp))) {
        for (ConsumerRecord<Long, Long> record : consumer.poll(Duration.ofSeconds(1))) {
          assertThat(record.value()).isEqualTo(next[record.partition()]);
          assertThat(record.offset()).isEqualTo(next[record.partition()]);
          next[record.partition()]++;
        }
      }
    }
    for (int partition = 0; partition < partitions; partition++) {
      assertThat(next[partition]).isEqualTo(sent.get(partition));
    }
  }

  @Override
  public void close() throws InterruptedException {
    stopping = true;
    thread.join();
  }
}
