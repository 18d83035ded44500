package io.sediment.cluster.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Producers in this process that note when each record was acknowledged. */
final class AckTimes {
  private static final int RECORD_BYTES = 1024;
  private static final int STEADY_RECORDS_MAX = 4 << 20;

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

  /**
   * Acknowledged records in the order of their acknowledgement.
   *
   * @param dueNanos when each was due, by {@link System#nanoTime()}
   * @param tookNanos from then to its acknowledgement
   */
  record Acks(long[] dueNanos, long[] tookNanos) {
    /** Sorted times of those due within the interval. */
    long[] sortedWithin(long fromNanos, long toNanos) {
      return IntStream.range(0, dueNanos.length)
          .filter(i -> dueNanos[i] - fromNanos >= 0 && dueNanos[i] - toNanos < 0)
          .mapToLong(i -> tookNanos[i])
          .sorted()
          .toArray();
    }
  }

  /**
   * Sends at a steady rate, whatever becomes of it: a record counts from when it was due.
   *
   * @param megabytesPerSecond of all partitions together
   * @param goesOn asked once a second, after {@code warmSeconds}
   * @return those due within the first {@code warmSeconds} left out
   */
  static Acks steady(
      KafkaProducer<byte[], byte[]> producer,
      String topic,
      int partitions,
      double megabytesPerSecond,
      int warmSeconds,
      BooleanSupplier goesOn)
      throws InterruptedException {
    Random random = new Random(4);
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < 1000 * partitions; i++) {
      records.add(record(topic, i % partitions, random));
    }
    double recordNanos = 1e9 * RECORD_BYTES / (megabytesPerSecond * 1048576);
    long[] dueNanos = new long[STEADY_RECORDS_MAX];
    long[] tookNanos = new long[STEADY_RECORDS_MAX];
    AtomicInteger count = new AtomicInteger();
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    long begin = System.nanoTime();
    long measureFrom = begin + TimeUnit.SECONDS.toNanos(warmSeconds);
    long askAt = measureFrom;
    for (long i = 0; i < STEADY_RECORDS_MAX; i++) {
      if (System.nanoTime() >= askAt) {
        if (!goesOn.getAsBoolean()) {
          producer.flush();
          throwIfFailed(failure);
          return new Acks(
              Arrays.copyOf(dueNanos, count.get()), Arrays.copyOf(tookNanos, count.get()));
        }
        askAt += TimeUnit.SECONDS.toNanos(1);
      }
      long due = begin + (long) (i * recordNanos);
      long early = due - System.nanoTime();
      if (early > TimeUnit.MILLISECONDS.toNanos(1)) {
        TimeUnit.NANOSECONDS.sleep(early);
      }
      producer.send(
          records.get((int) (i % records.size())),
          (metadata, failed) -> {
            if (failed != null) {
              failure.compareAndSet(null, failed);
            } else if (due >= measureFrom) {
              int number = count.getAndIncrement();
              dueNanos[number] = due;
              tookNanos[number] = System.nanoTime() - due;
            }
          });
    }
    throw new IllegalStateException("did not end within records=" + STEADY_RECORDS_MAX);
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

  static void throwIfFailed(AtomicReference<@Nullable Exception> failure) {
    Exception failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException("a record was not acknowledged", failed);
    }
  }
}
