package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Brokers that are restarted in order, one after the other, while clients are at work. */
class RollingRestartTest {
  private static final String TOPIC = "t";
  private static final int PARTITIONS = 12;
  private static final int RECORDS_BETWEEN = 50;

  @TempDir Path folder;

  /** Sends 0, 1, 2 … to each partition, with the client's defaults; books what is acknowledged. */
  private static final class Load implements AutoCloseable {
    final AtomicLongArray sent = new AtomicLongArray(PARTITIONS);
    final AtomicLongArray acked = new AtomicLongArray(PARTITIONS);
    final AtomicLongArray ackedAtNanos = new AtomicLongArray(PARTITIONS);
    final AtomicLongArray longestPauseNanos = new AtomicLongArray(PARTITIONS);
    final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean stopping;

    Load(String bootstrap) {
      thread = new Thread(() -> run(bootstrap), "load");
      thread.start();
    }

    private void run(String bootstrap) {
      try (var producer =
          new KafkaProducer<Long, Long>(
              Map.of("bootstrap.servers", bootstrap), new LongSerializer(), new LongSerializer())) {
        while (!stopping) {
          for (int partition = 0; partition < PARTITIONS; partition++) {
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
          new ProducerRecord<>(TOPIC, partition, number, number),
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
      List<Long> before = IntStream.range(0, PARTITIONS).mapToObj(acked::get).toList();
      Await.until(
          "each partition has more records",
          () ->
              IntStream.range(0, PARTITIONS)
                  .allMatch(p -> acked.get(p) >= before.get(p) + RECORDS_BETWEEN));
    }

    /** The longest time without an acknowledgement of each partition since this was asked last. */
    List<Long> pausesMs() {
      return IntStream.range(0, PARTITIONS)
          .mapToObj(p -> TimeUnit.NANOSECONDS.toMillis(longestPauseNanos.getAndSet(p, 0)))
          .toList();
    }

    @Override
    public void close() throws InterruptedException {
      stopping = true;
      thread.join();
    }
  }

  @Test
  void noRecordIsRefusedLostOrRepeated() throws Exception {
    List<Long> longest = new ArrayList<>();
    try (InProcessCluster cluster = new InProcessCluster(folder)) {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
        admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 3))).all().get();
      }
      try (Load load = new Load(cluster.bootstrap())) {
        load.awaitMoreOfEach();
        for (int broker = 0; broker < InProcessCluster.SIZE; broker++) {
          load.pausesMs();
          cluster.stop(broker);
          load.awaitMoreOfEach();
          longest.add(Collections.max(load.pausesMs()));
          cluster.start(broker);
          load.awaitMoreOfEach();
        }
        load.close();
        assertThat(load.failures).isEmpty();
        readBack(cluster, load);
      }
    }
    System.out.println("longest pause of any partition at each stop, ms: " + longest);
  }

  private static void readBack(InProcessCluster cluster, Load load) {
    List<TopicPartition> all =
        IntStream.range(0, PARTITIONS).mapToObj(p -> new TopicPartition(TOPIC, p)).toList();
    long[] next = new long[PARTITIONS];
    try (var consumer =
        new KafkaConsumer<Long, Long>(
            Map.of("bootstrap.servers", cluster.bootstrap()),
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
    for (int partition = 0; partition < PARTITIONS; partition++) {
      assertThat(next[partition]).isEqualTo(load.sent.get(partition));
    }
  }
}
