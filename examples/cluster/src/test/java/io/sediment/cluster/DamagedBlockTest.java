package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.sediment.cluster.tools.Tools;
import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.FreePorts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * A flipped bit in a block or a footer, as clients of a whole broker see it, and as its operator
 * does.
 */
class DamagedBlockTest {
  private static final TopicPartition DAMAGED = new TopicPartition("topic", 0);
  private static final TopicPartition OTHER = new TopicPartition("topic", 1);
  private static final int RECORD_BYTES = 1_000;
  private static final int RECORDS = 3_000;

  /** Half of what lies first in the object: partitions lie in their order. */
  private static final int FLIPPED_BYTE = RECORDS / 2 * RECORD_BYTES;

  private static final int FROM_END_IN_FOOTER = 40;

  private static final Pattern BLOCK =
      Pattern.compile("key=(\\S+) Block\\[baseOffset=(\\d+), lastOffset=(\\d+)");

  @TempDir Path temp;
  private final FreePorts ports = new FreePorts();
  private final ListAppender<ILoggingEvent> heard = new ListAppender<>();
  private Broker broker;
  private String bootstrap;
  private int httpPort;

  @AfterEach
  void stop() {
    broker.close();
    ((Logger) LoggerFactory.getLogger("io.sediment")).detachAppender(heard);
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void itsReadersAreToldAndAllElseIsRead() throws Exception {
    startWithTopic();
    produce(DAMAGED);
    produce(OTHER);
    broker.close(); // flushes
    Path object = object();
    flipOneBit(object, FLIPPED_BYTE);
    heard.start();
    ((Logger) LoggerFactory.getLogger("io.sediment")).addAppender(heard);
    start();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      assertThat(read(consumer, OTHER, 0, RECORDS)).isEqualTo(RECORDS);

      assertThatThrownBy(() -> read(consumer, DAMAGED, 0, RECORDS))
          .isInstanceOf(KafkaException.class)
          .hasMessageContaining("corrupt");
      Matcher block = damageHeard();
      assertThat(object.toString()).endsWith(block.group(1));
      long first = Long.parseLong(block.group(2));
      long last = Long.parseLong(block.group(3));
      assertThat(consumer.position(DAMAGED)).as("all before it was read").isEqualTo(first);
      assertThat(first).isBetween(1L, RECORDS - 2L);

      assertThat(read(consumer, DAMAGED, last + 1, RECORDS)).isEqualTo(RECORDS - last - 1);
      assertThat(read(consumer, OTHER, 0, RECORDS)).isEqualTo(RECORDS);
    }
    assertThat(metric("sediment_lane_reads_damaged_total")).isPositive();
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void whatADamagedFooterHidesIsNotLeaptOver() throws Exception {
    startWithTopic();
    produce(DAMAGED);
    broker.close(); // flushes
    Path object = object();
    flipOneBit(object, Files.size(object) - FROM_END_IN_FOOTER);
    start();
    produce(OTHER);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      assertThatThrownBy(() -> read(consumer, DAMAGED, 0, RECORDS))
          .isInstanceOf(KafkaException.class)
          .hasMessageContaining("corrupt");
      assertThat(consumer.position(DAMAGED)).isZero();
      assertThat(read(consumer, OTHER, 0, RECORDS)).isEqualTo(RECORDS);
    }
    assertThat(metric("sediment_lane_reads_damaged_total")).isPositive();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int status =
        Tools.run(
            new String[] {"fsck", "--no-data"},
            new SettingsBucket(SampleBucket.environment(temp.resolve("data"))),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err);
    assertThat(status).isEqualTo(Tools.EXIT_DAMAGED);
    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .anyMatch(line -> line.contains(object.getFileName() + ": footer crc"))
        .anyMatch(line -> line.endsWith("fromOffset=0 toOffset=" + RECORDS + "\""));
    givesItUp(object);
  }

  /** What is left to an operator who has no copy of the object. */
  private void givesItUp(Path object) throws Exception {
    try (Admin admin = Admin.create(client())) {
      admin.deleteRecords(Map.of(DAMAGED, RecordsToDelete.beforeOffset(RECORDS))).all().get();
    }
    while (Files.exists(object)) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    produce(DAMAGED); // idempotent, and what was known of producers lay in the object
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      assertThat(read(consumer, DAMAGED, RECORDS, 2 * RECORDS)).isEqualTo(RECORDS);
    }
  }

  private void startWithTopic() throws Exception {
    start();
    try (Admin admin = Admin.create(client())) {
      admin.createTopics(List.of(new NewTopic("topic", 2, (short) 1))).all().get();
    }
  }

  /** The line at level ERROR that names the block. */
  private Matcher damageHeard() {
    return List.copyOf(heard.list).stream()
        .filter(event -> event.getLevel() == Level.ERROR)
        .map(event -> BLOCK.matcher(event.getFormattedMessage()))
        .filter(Matcher::find)
        .findFirst()
        .orElseThrow();
  }

  /** The one that all records lie in. */
  private Path object() throws IOException {
    List<Path> objects = FilesAtWork.in(temp.resolve("data"));
    for (Path object : objects) {
      if (object.toString().endsWith(".l0") && Files.size(object) > 2 * FLIPPED_BYTE) {
        return object;
      }
    }
    throw new AssertionError("no object is large enough: " + objects);
  }

  private static void flipOneBit(Path object, long position) throws IOException {
    try (FileChannel file =
        FileChannel.open(object, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      file.read(one, position);
      one.flip();
      one.put(0, (byte) (one.get(0) ^ 1));
      file.write(one, position);
    }
  }

  private static long read(
      KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long from, long to) {
    consumer.assign(List.of(partition));
    consumer.seek(partition, from);
    long next = from;
    while (next < to) {
      for (ConsumerRecord<byte[], byte[]> record :
          consumer.poll(Duration.ofSeconds(1)).records(partition)) {
        assertThat(record.offset()).isEqualTo(next++);
      }
    }
    return next - from;
  }

  private void produce(TopicPartition partition) {
    Random random = new Random(partition.partition());
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(client(), new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int i = 0; i < RECORDS; i++) {
        byte[] value = new byte[RECORD_BYTES];
        random.nextBytes(value);
        producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, value));
      }
    }
  }

  private Map<String, Object> client() {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    Map<String, Object> settings = new HashMap<>(client());
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private double metric(String name) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/metrics")).build();
    return HttpClient.newHttpClient()
        .send(request, BodyHandlers.ofString())
        .body()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  private void start() throws Exception {
    LoopbackSettings settings =
        new LoopbackSettings(ports)
            .in(temp)
            .with("RETENTION_CHECK_INTERVAL_MS", "500")
            .with("GARBAGE_INTERVAL_MS", "500")
            .with("MEMORY_BUDGET", "256m"); // all of it is one object of level 0
    bootstrap = settings.bootstrap();
    httpPort = settings.httpPort();
    broker = Broker.start(BrokerSettings.from(settings.environment()));
  }
}
