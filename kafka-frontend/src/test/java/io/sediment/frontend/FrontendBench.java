package io.sediment.frontend;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.group.GroupSettings;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.handler.TopicIds;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.frontend.net.BrokerServerConfig;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.PartitionLane;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.scan.OldestBlocks;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.NewTopic;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.RequestHeader;

/**
 * CPU of the front end alone, by its own threads: idempotent 1 KB records through a socket into a
 * lane that copies and forgets, and out of one that always has the same batch. Run it by hand:
 * {@code FrontendBench <gigabytes> <batch bytes> <partitions>}.
 */
public final class FrontendBench {
  private static final int IN_FLIGHT = 5;
  private static final int RECORD_BYTES = 1_000;

  private final int gigabytes;
  private final int batchBytes;
  private final int partitions;

  private FrontendBench(int gigabytes, int batchBytes, int partitions) {
    this.gigabytes = gigabytes;
    this.batchBytes = batchBytes;
    this.partitions = partitions;
  }

  public static void main(String[] args) throws Exception {
    new FrontendBench(
            Integer.parseInt(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]))
        .run();
  }

  private void run() throws Exception {
    ExecutorService acks = NamedThreads.pool("bench-ack", 1);
    ThreadPoolScheduler scheduler = new ThreadPoolScheduler("bench-scheduler", 1);
    InMemoryClusterMetadata metadata = InMemoryClusterMetadata.ofOneBroker(0, "127.0.0.1", 1);
    UUID topic = new UUID(3, 0x4000);
    metadata.accept(
        new CreateTopics(
            List.of(new NewTopic(topic, "bench", partitions, 1, List.of(), Map.of()))));
    try (KafkaFrontend frontend =
        KafkaFrontend.start(
            new KafkaFrontend.Config(
                0,
                1,
                BrokerServerConfig.defaults("127.0.0.1", 0, 2),
                FrontendSettings.DEFAULTS,
                GroupSettings.DEFAULTS,
                new GroupConfigDefinitions(GroupSettings.DEFAULTS),
                new BrokerConfigs(Map.of()),
                1),
            new KafkaFrontend.Environment(
                metadata,
                new ForgetfulLane(acks),
                scheduler,
                SystemPorts.ticker(),
                SystemPorts.wallClock(),
                SystemPorts.random(),
                () -> 0,
                MemoryBudget.forBroker(256 << 20),
                new SimpleMeterRegistry()),
            List.of())) {
      try (RawClient client = new RawClient(frontend.port())) {
        for (int round = 0; round < 3; round++) {
          report("produce", () -> produce(client, topic));
          report("fetch", () -> fetch(client, topic));
        }
      }
    }
    acks.shutdownNow();
    scheduler.close();
  }

  @FunctionalInterface
  private interface Work {
    long bytes() throws IOException;
  }

  private static void report(String what, Work work) throws IOException {
    long cpu = frontendCpuNanos();
    long begun = System.nanoTime();
    double gb = work.bytes() / 1e9;
    double seconds = (System.nanoTime() - begun) / 1e9;
    double cpuSeconds = (frontendCpuNanos() - cpu) / 1e9;
    System.out.printf(
        "%s: %.2f GB in %.2f s = %.2f GB/s, front end CPU %.3f s/GB%n",
        what, gb, seconds, gb / seconds, cpuSeconds / gb);
  }

  private static long frontendCpuNanos() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long sum = 0;
    for (ThreadInfo info : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (info != null
          && (info.getThreadName().startsWith("kafka-")
              || info.getThreadName().startsWith("bench-"))) {
        sum += threads.getThreadCpuTime(info.getThreadId());
      }
    }
    return sum;
  }

  private ByteBuffer batch() {
    Random random = new Random(1);
    SimpleRecord[] records = new SimpleRecord[Math.max(1, batchBytes / RECORD_BYTES)];
    for (int i = 0; i < records.length; i++) {
      byte[] value = new byte[RECORD_BYTES];
      random.nextBytes(value);
      records[i] = new SimpleRecord(System.currentTimeMillis(), null, value);
    }
    return MemoryRecords.withRecords(Compression.NONE, records).buffer();
  }

  private long produce(RawClient client, UUID topic) throws IOException {
    ByteBuffer batch = batch();
    TopicProduceData data = new TopicProduceData().setTopicId(TopicIds.kafkas(topic));
    for (int i = 0; i < partitions; i++) {
      data.partitionData()
          .add(
              new PartitionProduceData()
                  .setIndex(i)
                  .setRecords(MemoryRecords.readableRecords(batch)));
    }
    ProduceRequestData request = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(30_000);
    request.topicData().add(data);
    ProduceRequest produce = new ProduceRequest(request, (short) 13);
    ByteBuffer frame =
        produce.serializeWithHeader(
            new RequestHeader(produce.apiKey(), produce.version(), "bench", 1));
    byte[] bytes = new byte[4 + frame.remaining()];
    ByteBuffer.wrap(bytes).putInt(frame.remaining()).put(frame);
    long perRequest = (long) batch.remaining() * partitions;
    long requests = gigabytes * 1_000_000_000L / perRequest;
    ArrayDeque<Long> underWay = new ArrayDeque<>();
    for (long i = 0; i < requests; i++) {
      client.sendBytes(bytes);
      underWay.add(i);
      if (underWay.size() == IN_FLIGHT) {
        underWay.remove();
        client.receiveFrame();
      }
    }
    for (Long each : underWay) {
      client.receiveFrame();
    }
    return requests * perRequest;
  }

  private long fetch(RawClient client, UUID topic) throws IOException {
    FetchTopic asked = new FetchTopic().setTopicId(TopicIds.kafkas(topic));
    for (int i = 0; i < partitions; i++) {
      asked
          .partitions()
          .add(
              new FetchRequestData.FetchPartition()
                  .setPartition(i)
                  .setFetchOffset(0)
                  .setPartitionMaxBytes(1 << 20));
    }
    FetchRequestData data =
        new FetchRequestData().setMaxWaitMs(500).setMinBytes(1).setMaxBytes(50 << 20);
    data.topics().add(asked);
    FetchRequest fetch = new FetchRequest(data, (short) 17);
    long bytes = 0;
    while (bytes < gigabytes * 1_000_000_000L) {
      client.send(fetch);
      bytes += client.receiveFrame().remaining();
    }
    return bytes;
  }

  /** Copies what is appended into a ring and reads the newest megabyte of it over and over. */
  private record ForgetfulLane(ExecutorService acks) implements PartitionLane {
    @Override
    public long lane() {
      return 0;
    }

    @Override
    public long epoch() {
      return 1;
    }

    @Override
    public CompletableFuture<LanePartition> open(
        PartitionId id, int leaderEpoch, long startOffset, PartitionListener listener) {
      return CompletableFuture.completedFuture(new Ring(id, leaderEpoch, listener, acks));
    }

    @Override
    public void close(PartitionId partition) {}
  }

  private static final class Ring implements LanePartition {
    private static final int RING_BYTES = 8 << 20;

    private final PartitionId id;
    private final int leaderEpoch;
    private final PartitionListener listener;
    private final ExecutorService acks;
    private final ByteBuffer ring = ByteBuffer.allocateDirect(RING_BYTES);
    private volatile long end;
    private volatile int oneBatch;

    Ring(PartitionId id, int leaderEpoch, PartitionListener listener, ExecutorService acks) {
      this.id = id;
      this.leaderEpoch = leaderEpoch;
      this.listener = listener;
      this.acks = acks;
    }

    @Override
    public PartitionId id() {
      return id;
    }

    @Override
    public int leaderEpoch() {
      return leaderEpoch;
    }

    @Override
    public long endOffset() {
      return end;
    }

    @Override
    public long durableOffset() {
      return end;
    }

    @Override
    public long append(ByteBuffer batch) {
      if (ring.remaining() < batch.remaining()) {
        ring.clear();
      }
      int at = ring.position();
      oneBatch = batch.remaining();
      ring.put(batch.duplicate());
      RecordBatchLayout.assign(ring, at, end, leaderEpoch);
      long base = end;
      long next = base + RecordBatchLayout.recordsCount(ring, at);
      end = next;
      acks.execute(() -> listener.onDurable(next));
      return base;
    }

    @Override
    public CompletableFuture<BatchSlices> read(
        long offset, int maxBytes, boolean atLeastOne, long upTo) {
      int size = Math.min(maxBytes, RING_BYTES) / oneBatch * oneBatch;
      return CompletableFuture.completedFuture(
          new BatchSlices(
              List.of(ring.duplicate().clear().limit(size).asReadOnlyBuffer()), end, () -> {}));
    }

    @Override
    public CompletableFuture<OptionalLong> batchForTimestamp(long timestamp, long fromOffset) {
      return CompletableFuture.completedFuture(OptionalLong.empty());
    }

    @Override
    public CompletableFuture<Void> inheritProducers(List<ProducerEntry> older) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<List<ProducerEntry>> producers() {
      return CompletableFuture.completedFuture(List.of());
    }

    @Override
    public CompletableFuture<OldestBlocks> olderThan(long fromOffset, long timestamp) {
      return CompletableFuture.completedFuture(new OldestBlocks(fromOffset, 0, false));
    }

    @Override
    public CompletableFuture<OldestBlocks> oldest(long fromOffset, long bytesMax) {
      return CompletableFuture.completedFuture(new OldestBlocks(fromOffset, 0, false));
    }

    @Override
    public CompletableFuture<Long> bytesFrom(long fromOffset) {
      return CompletableFuture.completedFuture(0L);
    }

    @Override
    public long sizeBytes() {
      return 0;
    }
  }
}
