package io.sediment.cluster.torture;

import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Apache Kafka's own Java client. */
final class JavaLoadProducer implements LoadProducer {
  private final String bootstrap;
  private final String topic;
  private final Ledger.Account account;
  private final long pauseNanos;
  private final Thread thread;
  private volatile boolean stopping;

  JavaLoadProducer(String bootstrap, String topic, Ledger.Account account, int recordsPerSecond) {
    this.bootstrap = bootstrap;
    this.topic = topic;
    this.account = account;
    this.pauseNanos = 1_000_000_000L / recordsPerSecond;
    this.thread = new Thread(this::run, account.producer);
  }

  @Override
  public void start() {
    thread.start();
  }

  private void run() {
    Map<String, Object> config =
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrap,
            ProducerConfig.ACKS_CONFIG,
            "all",
            ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
            account.idempotent,
            // Without idempotence a retry may overtake; one request at a time keeps the order
            // comparable.
            ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION,
            account.idempotent ? 5 : 1,
            ProducerConfig.RETRIES_CONFIG,
            Integer.MAX_VALUE,
            ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
            600_000,
            ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
            10_000,
            ProducerConfig.MAX_BLOCK_MS_CONFIG,
            600_000L,
            ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
            500L);
    try (var producer =
        new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      for (long n = 0; !stopping; n++) {
        String value = account.value(n);
        producer.send(
            new ProducerRecord<>(topic, account.partition, "key", value),
            (metadata, failure) -> {
              if (failure == null) {
                account.acked(metadata.offset(), value);
              } else {
                account.failed(value + ": " + failure);
              }
            });
        LockSupport.parkNanos(pauseNanos);
      }
      producer.flush();
    } catch (RuntimeException e) {
      account.failed("the producer died: " + e);
    }
  }

  @Override
  public void finish() throws InterruptedException {
    stopping = true;
    thread.join();
  }
}
