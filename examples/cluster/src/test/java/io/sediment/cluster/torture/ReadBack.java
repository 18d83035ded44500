package io.sediment.cluster.torture;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads a whole topic and holds it against the ledger. The anomalies bear Jepsen's names for Kafka.
 */
final class ReadBack {
  private ReadBack() {}

  /** All records of the topic: partition → offset → value. */
  static Map<Integer, TreeMap<Long, String>> readAll(
      String bootstrap, String topic, int partitions) {
    Map<Integer, TreeMap<Long, String>> all = new HashMap<>();
    Map<String, Object> config =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrap,
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "none",
            ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            60_000);
    try (var consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
      List<TopicPartition> assignment =
          IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(topic, p)).toList();
      assignment.forEach(tp -> all.put(tp.partition(), new TreeMap<>()));
      consumer.assign(assignment);
      consumer.seekToBeginning(assignment);
      Map<TopicPartition, Long> ends = consumer.endOffsets(assignment);
      while (assignment.stream().anyMatch(tp -> consumer.position(tp) < ends.get(tp))) {
        for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofSeconds(1))) {
          String before = all.get(r.partition()).put(r.offset(), r.value());
          if (before != null) {
            throw new IllegalStateException(
                "offset " + r.offset() + " of " + r.partition() + " was delivered twice");
          }
        }
      }
    }
    return all;
  }

  /** The same by another client, librdkafka. */
  static Map<Integer, TreeMap<Long, String>> readAllWithKcat(
      String bootstrap, String topic, int partitions) throws IOException, InterruptedException {
    Map<Integer, TreeMap<Long, String>> all = new HashMap<>();
    for (int partition = 0; partition < partitions; partition++) {
      TreeMap<Long, String> log = new TreeMap<>();
      all.put(partition, log);
      Process kcat =
          new ProcessBuilder(
                  List.of(
                      "kcat",
                      "-C",
                      "-q",
                      "-e",
                      "-b",
                      bootstrap,
                      "-t",
                      topic,
                      "-p",
                      Integer.toString(partition),
                      "-o",
                      "beginning",
                      "-f",
                      "%o %s\\n"))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (BufferedReader in = kcat.inputReader(StandardCharsets.UTF_8)) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          int space = line.indexOf(' ');
          long offset = Long.parseLong(line.substring(0, space));
          if (log.put(offset, line.substring(space + 1)) != null) {
            throw new IllegalStateException(
                "offset " + offset + " of " + partition + " was delivered twice to kcat");
          }
        }
      }
      if (kcat.waitFor() != 0) {
        throw new IllegalStateException("kcat cannot read partition " + partition);
      }
    }
    return all;
  }

  /** What is wrong, by name; empty when all is well. */
  static List<String> anomalies(Ledger ledger, Map<Integer, TreeMap<Long, String>> stored) {
    List<String> anomalies = new ArrayList<>();
    for (Ledger.Account account : ledger.accounts()) {
      TreeMap<Long, String> log = stored.getOrDefault(account.partition, new TreeMap<>());
      account.failures().forEach(f -> anomalies.add("failed send: " + account.producer + ": " + f));
      for (Ledger.Ack ack : account.acks()) {
        String there = log.get(ack.offset());
        if (there == null) {
          anomalies.add("lost write: " + ack);
        } else if (!there.equals(ack.value())) {
          anomalies.add("inconsistent offset: acknowledged " + ack + " but there stands " + there);
        }
      }
      if (account.idempotent) {
        anomalies.addAll(duplicatesAndDisorder(account, log));
      }
    }
    stored.forEach(
        (partition, log) -> {
          if (!log.isEmpty() && (log.firstKey() != 0 || log.lastKey() != log.size() - 1)) {
            anomalies.add(
                "hole: partition %d has %d records in offsets %d..%d"
                    .formatted(partition, log.size(), log.firstKey(), log.lastKey()));
          }
        });
    return anomalies;
  }

  private static List<String> duplicatesAndDisorder(
      Ledger.Account account, TreeMap<Long, String> log) {
    List<String> anomalies = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    long last = -1;
    for (Map.Entry<Long, String> entry : log.entrySet()) {
      String value = entry.getValue();
      if (!value.startsWith(account.producer + ":")) {
        continue;
      }
      if (!seen.add(value)) {
        anomalies.add("duplicate: " + value + " again at offset " + entry.getKey());
      }
      long n = Ledger.Account.number(value);
      if (n < last) {
        anomalies.add(
            "nonmonotonic: "
                + value
                + " after "
                + account.value(last)
                + " at offset "
                + entry.getKey());
      }
      last = n;
    }
    return anomalies;
  }
}
