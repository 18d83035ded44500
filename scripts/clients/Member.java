import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** One member of a group: Member BOOTSTRAP TOPIC GROUP [config=value ...]. See members.md for what it prints. */
public class Member {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", args[0]);
    properties.put("group.id", args[2]);
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "earliest");
    properties.put("max.poll.records", "20");
    for (int i = 3; i < args.length; i++) {
      String[] config = args[i].split("=", 2);
      properties.put(config[0], config[1]);
    }
    KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  consumer.wakeup();
                  try {
                    ended.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }));
    try {
      consumer.subscribe(List.of(args[1]));
      while (true) {
        run(consumer);
      }
    } catch (WakeupException e) {
      consumer.close();
    } finally {
      ended.countDown();
    }
  }

  private static void run(KafkaConsumer<String, String> consumer) {
    ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
    Map<TopicPartition, OffsetAndMetadata> done = new HashMap<>();
    for (ConsumerRecord<String, String> record : records) {
      say("R", record.partition(), record.offset(), record.value());
      done.put(
          new TopicPartition(record.topic(), record.partition()),
          new OffsetAndMetadata(record.offset() + 1));
    }
    if (done.isEmpty()) {
      return;
    }
    try {
      consumer.commitSync(done);
      done.forEach((partition, next) -> say("S", partition.partition(), next.offset(), "-"));
    } catch (CommitFailedException | RebalanceInProgressException e) {
      System.err.println("not committed: " + e);
    }
  }

  private static synchronized void say(String what, int partition, long offset, String value) {
    System.out.println(
        System.currentTimeMillis() + " " + what + " " + partition + " " + offset + " " + value);
    System.out.flush();
  }
}
