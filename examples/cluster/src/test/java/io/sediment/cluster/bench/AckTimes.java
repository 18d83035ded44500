package io.sediment.cluster.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Producers in this process that note when each record was acknowledged. */
final class AckTimes {
  private static final int RECORD_BYTES = 1024;

  private AckTimes() {}

  static KafkaProducer<byte[], byte[]> producer(String bootstrap, Map<String, Object> settings) {
    Map<String, Object> all = new HashMap<>(settings);
    all.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static ProducerRecord<byte[], byte[]> record(String topic, int partition, Random random) {
    byte[] value = new byte[RECORD_BYTES];
    random.nextBytes(value);
    return new ProducerRecord<>(topic, partition, null, value);
  }

  /**
   * Sends records one by one at random moments.
   *
   * @param perSecond of all producers together, on average
   * @param partitions which they are sent to in turn
   * @return nanoseconds from each send to its acknowledgement, in the order of sending
   */
  static long[] poisson(
      List<KafkaProducer<byte[], byte[]>> producers,
      String topic,
      int partitions,
      double perSecond,
      int records)
      throws InterruptedException {
    Random random = new Random(1);
    long[] nanos = new long[records];
    CountDownLatch acked = new CountDownLatch(records);
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    long next = System.nanoTime();
    for (int i = 0; i < records; i++) {
      next += (long) (-Math.log(1 - random.nextDouble()) / perSecond * 1e9);
      TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
      int number = i;
      long sent = System.nanoTime();
      producers
          .get(i % producers.size())
          .send(
              record(topic, i % partitions, random),
              (metadata, failed) -> {
                nanos[number] = System.nanoTime() - sent;
                if (failed != null) {
                  failure.compareAndSet(null, failed);
                }
                acked.countDown();
              });
    }
    acked.await();
    throwIfFailed(failure);
    return nanos;
  }

  /** Sends as fast as the producer takes it; acknowledged MB/s after a while of warming up. */
  static double rate(
      KafkaProducer<byte[], byte[]> producer, String topic, int warmSeconds, int seconds)
      throws InterruptedException {
    Random random = new Random(2);
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      records.add(record(topic, 0, random));
    }
    AtomicLong ackedBytes = new AtomicLong();
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    long begin = System.nanoTime();
    long measureFrom = begin + TimeUnit.SECONDS.toNanos(warmSeconds);
    long end = measureFrom + TimeUnit.SECONDS.toNanos(seconds);
    for (int i = 0; System.nanoTime() < end; i++) {
      producer.send(
          records.get(i % records.size()),
          (metadata, failed) -> {
            long now = System.nanoTime();
            if (failed != null) {
              failure.compareAndSet(null, failed);
            } else if (now >= measureFrom && now < end) {
              ackedBytes.addAndGet(RECORD_BYTES);
            }
          });
    }
    producer.flush();
    throwIfFailed(failure);
    return ackedBytes.get() / 1048576.0 / seconds;
  }

  /** Spreads {@code megabytes} evenly over all partitions and waits until all of it is there. */
  static void fill(
      KafkaProducer<byte[], byte[]> producer, String topic, int partitions, int megabytes) {
    Random random = new Random(3);
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    for (int i = 0; i < megabytes * 1024; i++) {
      producer.send(
          record(topic, i % partitions, random),
          (metadata, failed) -> {
            if (failed != null) {
              failure.compareAndSet(null, failed);
            }
          });
    }
    producer.flush();
    throwIfFailed(failure);
  }

  private static void throwIfFailed(AtomicReference<@Nullable Exception> failure) {
    Exception failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException("a record was not acknowledged", failed);
    }
  }
}
