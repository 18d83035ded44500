package io.sediment.frontend.kafka.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.partition.FakeLane;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.NewTopic;
import io.sediment.runtime.Await;
import io.sediment.runtime.SystemPorts;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader.LoadSummary;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.junit.jupiter.api.Test;

class CoordinatorLogLoaderTest {
  private static final CoordinatorPlayback<String> PLAYBACK =
      new CoordinatorPlayback<>() {
        @Override
        public void replay(
            long offset, long producerId, short producerEpoch, String coordinatorRecord) {}

        @Override
        public void replayEndTransactionMarker(
            long producerId, short producerEpoch, TransactionResult result) {}

        @Override
        public void updateLastWrittenOffset(long offset) {}

        @Override
        public void updateLastCommittedOffset(long offset) {}
      };

  @Test
  void anErrorFailsTheLoadLikeAnyException() {
    InMemoryClusterMetadata metadata = InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
    PartitionLogs registry =
        new PartitionLogs(
            0,
            metadata,
            new FakeLane(0, 1, Runnable::run),
            (image, topic) -> Map.of(),
            SystemPorts.wallClock());
    metadata.accept(
        new CreateTopics(
            List.of(new NewTopic(new UUID(0, 1), "internal", 1, 1, List.of(), Map.of()))));
    PartitionLog log = registry.all().iterator().next();
    log.append(Batches.plain(3));
    AtomicReference<Throwable> alarm = new AtomicReference<>();
    CoordinatorLogs logs = new CoordinatorLogs();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      CoordinatorLogLoader<String> loader =
          new CoordinatorLogLoader<>(
              logs,
              (key, value) -> {
                throw new StackOverflowError("a record nested too deeply");
              },
              threads,
              SystemPorts.wallClock(),
              new CoordinatorLogLoader.Outcome() {
                @Override
                public void loaded(PartitionLog loaded, LoadSummary summary) {}

                @Override
                public void failed(PartitionLog failed, Throwable cause) {
                  alarm.set(cause);
                }
              });
      logs.elect(log);
      CompletableFuture<LoadSummary> load =
          loader.load(new TopicPartition("internal", 0), PLAYBACK);
      Await.until("the load ends", load::isDone);
      assertThat(load).isCompletedExceptionally();
      assertThat(alarm.get()).hasMessageContaining("nested too deeply");
    } finally {
      threads.shutdownNow();
    }
  }
}
