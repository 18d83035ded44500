package io.sediment.frontend.rehearsal;

import io.sediment.frontend.net.LoopbackClient;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.object.SortedObject;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * Plays what a producer and a consumer see when a broker hands their partition over to another:
 * both brokers, their bucket and the clients are made up.
 *
 * <p>A broker that is about to serve loads and links with it what its first clients need. This
 * matters where it takes partitions over from another one right after it was started, as in a
 * rolling restart: producers at work wait for their first acknowledgement by it.
 */
public final class Rehearsal {
  private static final int FORMER = 0;
  private static final int NEXT = 1;
  private static final String TOPIC = "rehearsal";
  private static final UUID TOPIC_ID = new UUID(1, 1);
  private static final long PRODUCER_ID = 1;
  private static final long INCARNATION = 1;
  private static final long MEMORY_BYTES = 8 << 20;
  private static final int PATIENCE_MS = 5_000;

  /** Requests of each kind. What costs most is the first one: see docs/decisions/0016. */
  private static final int ROUNDS = 5;

  private static final FlushListener UNHEARD =
      new FlushListener() {
        @Override
        public void onFlushed(SortedObject object, Duration took) {}

        @Override
        public boolean isLogged() {
          return false;
        }
      };

  /** The newest versions, and those of clients that have been in use for long. */
  private record Versions(short apiVersions, short metadata, short produce, short fetch) {
    static final Versions NEWEST =
        new Versions(
            ApiKeys.API_VERSIONS.latestVersion(),
            ApiKeys.METADATA.latestVersion(),
            ApiKeys.PRODUCE.latestVersion(),
            ApiKeys.FETCH.latestVersion());
    static final Versions OLD = new Versions((short) 3, (short) 4, (short) 7, (short) 11);
  }

  private final LaneEnvironment environment;
  private final InstantSource clock;
  private final PretendedMetadata metadata = new PretendedMetadata();
  private int sequence;

  private Rehearsal(LaneEnvironment environment) {
    this.environment = environment;
    this.clock = environment.clock();
  }

  /**
   * Plays it once. Blocks; for less than a second where nothing else is to be done.
   *
   * @param scheduler of the broker
   * @throws IOException where a made-up broker is not reached over loopback, or fails
   */
  public static void play(
      Scheduler scheduler, Ticker ticker, InstantSource clock, RandomGenerator random)
      throws IOException, InterruptedException {
    try (MemoryObjectStore store = new MemoryObjectStore(scheduler)) {
      LaneEnvironment environment =
          new LaneEnvironment(
              store,
              store.anotherClient(),
              new BucketWriteAheadLogs(
                  store, WalProfile.LOCAL, INCARNATION, scheduler, ticker, random, WalMetrics.NONE),
              scheduler,
              ticker,
              clock,
              random,
              MemoryBudget.forBroker(MEMORY_BYTES));
      new Rehearsal(environment).play();
    }
  }

  private void play() throws IOException, InterruptedException {
    PretendedBroker former = broker(FORMER);
    try {
      metadata.accept(
          new CreateTopics(
              List.of(new NewTopic(TOPIC_ID, TOPIC, 1, 1, List.of(FORMER), Map.of()))));
      PretendedBroker next = broker(NEXT);
      try {
        try (LoopbackClient client = new LoopbackClient(former.port(), PATIENCE_MS)) {
          serve(client, Versions.NEWEST);
          await(former.handOverAll());
          requireError(produce(client, Versions.NEWEST), Errors.NOT_LEADER_OR_FOLLOWER);
        }
        for (Versions versions : List.of(Versions.NEWEST, Versions.OLD)) {
          try (LoopbackClient client = new LoopbackClient(next.port(), PATIENCE_MS)) {
            serve(client, versions);
          }
        }
      } finally {
        await(next.close());
      }
    } finally {
      await(former.close());
    }
  }

  private PretendedBroker broker(int id) throws IOException, InterruptedException {
    io.sediment.metadata.LaneId laneId = new io.sediment.metadata.LaneId(id);
    long brokerEpoch =
        metadata.accept(new RegisterBroker(id, new UUID(0, id), "localhost", 0, null));
    metadata.accept(new RegisterLane(laneId, id));
    long laneEpoch = metadata.accept(new OpenLane(laneId, id, brokerEpoch));
    CompletableFuture<Lane> opening =
        Lane.open(
            environment,
            LaneConfig.forBudget(environment.budget()),
            new LaneId(id),
            INCARNATION,
            laneEpoch,
            UNHEARD);
    boolean started = false;
    try {
      Lane lane = await(opening);
      metadata.accept(new LaneOpened(laneId, laneEpoch, Map.of()));
      PretendedBroker broker = new PretendedBroker(id, brokerEpoch, metadata, environment, lane);
      started = true;
      return broker;
    } finally {
      if (!started) {
        opening.thenAccept(Lane::close); // now, or once it is open
      }
    }
  }

  /** What a client asks that has just been told to come here. */
  private void serve(LoopbackClient client, Versions versions)
      throws IOException, InterruptedException {
    client.call(
        new ApiVersionsRequestData()
            .setClientSoftwareName("rehearsal")
            .setClientSoftwareVersion("1"),
        versions.apiVersions);
    int session = 0;
    for (int round = 0; round < ROUNDS; round++) {
      client.call(
          new MetadataRequestData().setTopics(List.of(new MetadataRequestTopic().setName(TOPIC))),
          versions.metadata);
      requireError(produce(client, versions), Errors.NONE);
      session =
          ((FetchResponseData) client.call(fetch(session, round), versions.fetch)).sessionId();
    }
  }

  private ProduceResponseData produce(LoopbackClient client, Versions versions)
      throws IOException, InterruptedException {
    TopicProduceDataCollection topics = new TopicProduceDataCollection();
    topics.add(
        new TopicProduceData()
            .setName(TOPIC)
            .setTopicId(kafkasTopicId())
            .setPartitionData(
                List.of(
                    new PartitionProduceData()
                        .setRecords(
                            MemoryRecords.withIdempotentRecords(
                                Compression.NONE,
                                PRODUCER_ID,
                                (short) 0,
                                sequence,
                                new SimpleRecord(clock.millis(), new byte[1], new byte[1]))))));
    ProduceRequestData request =
        new ProduceRequestData().setAcks((short) -1).setTimeoutMs(PATIENCE_MS).setTopicData(topics);
    return (ProduceResponseData) client.call(request, versions.produce);
  }

  private void requireError(ProduceResponseData response, Errors expected) {
    Errors error =
        Errors.forCode(
            response.responses().iterator().next().partitionResponses().get(0).errorCode());
    if (error != expected) {
      throw new IllegalStateException("produce: " + error + " instead of " + expected);
    }
    if (error == Errors.NONE) {
      sequence++;
    }
  }

  private static FetchRequestData fetch(int session, int epoch) {
    return new FetchRequestData()
        .setSessionId(session)
        .setSessionEpoch(epoch)
        .setReplicaState(new FetchRequestData.ReplicaState().setReplicaId(-1))
        .setMinBytes(1)
        .setMaxBytes(1 << 20)
        .setTopics(
            List.of(
                new FetchTopic()
                    .setTopic(TOPIC)
                    .setTopicId(kafkasTopicId())
                    .setPartitions(
                        List.of(
                            new FetchPartition()
                                .setFetchOffset(0)
                                .setPartitionMaxBytes(1 << 20)))));
  }

  private static Uuid kafkasTopicId() {
    return new Uuid(TOPIC_ID.getMostSignificantBits(), TOPIC_ID.getLeastSignificantBits());
  }

  private static <T> T await(CompletableFuture<T> future) throws IOException, InterruptedException {
    try {
      return future.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("rehearsal", e);
    }
  }
}
