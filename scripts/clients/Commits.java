import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Watches what a group commits, from outside: Commits BOOTSTRAP GROUP. See members.md for what it
 * prints.
 */
public class Commits {
  private static final long PAUSE_MS = 20;

  public static void main(String[] args) throws InterruptedException {
    Map<TopicPartition, Long> seen = new HashMap<>();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
      while (true) {
        try {
          admin
              .listConsumerGroupOffsets(args[1])
              .partitionsToOffsetAndMetadata()
              .get()
              .forEach((partition, next) -> say(seen, partition, next));
        } catch (ExecutionException e) {
          System.err.println("no offsets: " + e.getCause());
        }
        Thread.sleep(PAUSE_MS);
      }
    }
  }

  private static void say(
      Map<TopicPartition, Long> seen, TopicPartition partition, OffsetAndMetadata next) {
    if (next == null) {
      return; // nothing committed
    }
    Long before = seen.put(partition, next.offset());
    if (before == null || before != next.offset()) {
      System.out.println(
          System.currentTimeMillis() + " S " + partition.partition() + " " + next.offset() + " -");
      System.out.flush();
    }
  }
}
