package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.Await;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker that says that it is ready has what its first clients need. */
class FirstClientTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);

  @TempDir Path folder;
  private final FreePorts ports = new FreePorts();

  @Test
  void whatServesRecordsIsLoadedBeforeTheBrokerIsReady() throws Exception {
    Path classes = folder.resolve("classes");
    Path log = folder.resolve("log");
    LoopbackSettings settings = new LoopbackSettings(ports).in(folder);
    Process broker = start(settings, classes, log);
    try {
      Await.until("the broker is ready", () -> isReady(settings.httpPort()));
      Map<String, Object> config = Map.of("bootstrap.servers", settings.bootstrap());
      try (Admin admin = Admin.create(config)) {
        admin
            .createTopics(List.of(new NewTopic(PARTITION.topic(), 1, (short) 1)))
            .all()
            .get(1, TimeUnit.MINUTES);
      }
      int before = loaded(classes).size();
      assertThat(before).isPositive();
      produceAndConsume(config);
      List<String> all = loaded(classes);
      assertThat(all.subList(before, all.size())).isEmpty();
    } finally {
      broker.destroyForcibly().waitFor();
    }
  }

  /** Without an id for the producer, which would come from the metadata. */
  private static void produceAndConsume(Map<String, Object> config) throws Exception {
    Map<String, Object> plain = new HashMap<>(config);
    plain.put("enable.idempotence", false);
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(plain, new StringSerializer(), new StringSerializer())) {
      producer
          .send(new ProducerRecord<>(PARTITION.topic(), PARTITION.partition(), "key", "value"))
          .get(1, TimeUnit.MINUTES);
    }
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(List.of(PARTITION));
      consumer.seek(PARTITION, 0);
      assertThat(consumer.poll(Duration.ofMinutes(1)).count()).isEqualTo(1);
    }
  }

  private static boolean isReady(int http) {
    URI ready = URI.create("http://127.0.0.1:" + http + "/health/ready");
    try {
      return HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(ready).build(), BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Our own classes, in the order in which they were loaded, without those that the JVM makes. */
  private static List<String> loaded(Path classes) {
    return read(classes)
        .lines()
        .filter(line -> line.contains(" io.sediment.") && !line.contains("$$Lambda"))
        .filter(line -> !line.contains(" io.sediment.cluster.")) // what binds the rest together
        .toList();
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process start(LoopbackSettings settings, Path classes, Path log) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-Xlog:class+load=info:file=" + classes,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(settings.environment());
    return builder.start();
  }
}
