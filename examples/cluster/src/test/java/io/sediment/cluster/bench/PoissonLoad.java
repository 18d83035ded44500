package io.sediment.cluster.bench;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A load from a process of its own: batches of one record at random moments, whatever becomes of
 * them, from enough producers that hardly any waits for the answer to an earlier one. A record
 * counts from when it was due.
 *
 * <p>Moments are those of {@link System#nanoTime()}, which on Linux is one clock for all processes.
 */
public final class PoissonLoad {
  static final int RECORD_BYTES = 16 << 10;
  private static final int PRODUCERS = 10;
  private static final int RECORDS_MAX = 4 << 20;

  private final Process process;
  private final Path acks;

  private PoissonLoad(Process process, Path acks) {
    this.process = process;
    this.acks = acks;
  }

  /** Starts a load that goes on until it is ended. */
  static PoissonLoad start(
      String java, String bootstrap, String topic, int partitions, int megabytesPerSecond, Path dir)
      throws IOException {
    Path acks = dir.resolve("acks");
    List<String> command = new ArrayList<>(List.of(java, "-Xmx512m"));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), PoissonLoad.class.getName()));
    command.addAll(List.of(bootstrap, topic, Integer.toString(partitions)));
    command.addAll(List.of(Integer.toString(megabytesPerSecond), acks.toString()));
    Path log = dir.resolve("load.log");
    return new PoissonLoad(
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start(),
        acks);
  }

  /** Ends the load and returns what was acknowledged. */
  AckTimes.Acks end() throws IOException, InterruptedException {
    process.getOutputStream().close();
    if (process.waitFor() != 0) {
      throw new IllegalStateException("the load failed; see load.log beside " + acks);
    }
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(acks)))) {
      long[] due = new long[in.readInt()];
      long[] took = new long[due.length];
      for (int i = 0; i < due.length; i++) {
        due[i] = in.readLong();
        took[i] = in.readLong();
      }
      return new AckTimes.Acks(due, took);
    }
  }

  /** Arguments: bootstrap, topic, partitions, MB/s, file of acks. Ends when its input does. */
  public static void main(String[] args) throws Exception {
    int partitions = Integer.parseInt(args[2]);
    double perSecond = Integer.parseInt(args[3]) * 1048576.0 / RECORD_BYTES;
    AtomicBoolean ended = new AtomicBoolean();
    Thread input = new Thread(() -> awaitEnd(ended), "input");
    input.setDaemon(true);
    input.start();
    List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
    for (int i = 0; i < PRODUCERS; i++) {
      producers.add(AckTimes.producer(args[0], Map.of(ProducerConfig.LINGER_MS_CONFIG, 0)));
    }
    AckTimes.Acks acks = send(producers, args[1], partitions, perSecond, ended);
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(Path.of(args[4]))))) {
      out.writeInt(acks.dueNanos().length);
      for (int i = 0; i < acks.dueNanos().length; i++) {
        out.writeLong(acks.dueNanos()[i]);
        out.writeLong(acks.tookNanos()[i]);
      }
    }
    producers.forEach(KafkaProducer::close);
  }

  private static void awaitEnd(AtomicBoolean ended) {
    try {
      System.in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException("the input that says when to end", e);
    } finally {
      ended.set(true);
    }
  }

  private static AckTimes.Acks send(
      List<KafkaProducer<byte[], byte[]>> producers,
      String topic,
      int partitions,
      double perSecond,
      AtomicBoolean ended) {
    Random random = new Random(1);
    byte[] value = new byte[RECORD_BYTES];
    random.nextBytes(value);
    long[] dueNanos = new long[RECORDS_MAX];
    long[] tookNanos = new long[RECORDS_MAX];
    AtomicInteger count = new AtomicInteger();
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    long next = System.nanoTime();
    for (int i = 0; !ended.get(); i++) {
      next += (long) (-Math.log(1 - random.nextDouble()) / perSecond * 1e9);
      for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      long due = next;
      producers
          .get(i % producers.size())
          .send(
              new ProducerRecord<>(topic, i % partitions, null, value),
              (metadata, failed) -> {
                int number = count.getAndIncrement();
                dueNanos[number] = due;
                tookNanos[number] = System.nanoTime() - due;
                if (failed != null) {
                  failure.compareAndSet(null, failed);
                }
              });
    }
    producers.forEach(KafkaProducer::flush);
    AckTimes.throwIfFailed(failure);
    return new AckTimes.Acks(
        Arrays.copyOf(dueNanos, count.get()), Arrays.copyOf(tookNanos, count.get()));
  }
}
