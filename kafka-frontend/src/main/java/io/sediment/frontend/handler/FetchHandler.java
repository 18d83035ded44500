package io.sediment.frontend.handler;

import io.sediment.frontend.partition.FollowedPartitions;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.ReadableLog;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.FetchMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Reads records for consumers: finds or makes the session of a request and leaves the rest to a
 * {@link FetchAttempt}.
 */
final class FetchHandler implements ApiHandler<FetchRequestData, FetchResponseData> {
  static final short FIRST_VERSION_WITH_IDS = 13;
  private static final short FIRST_VERSION_WITH_SESSIONS = 7;

  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final FollowedPartitions followed;
  private final NearerReplicas nearer;
  private final Scheduler scheduler;
  private final FetchSessions sessions;
  private final int fetchBytesMax;

  FetchHandler(
      ClusterMetadata metadata,
      PartitionLogs logs,
      FollowedPartitions followed,
      ReplicaView replicas,
      Scheduler scheduler,
      Ticker ticker,
      RandomGenerator random,
      FrontendSettings settings) {
    this.metadata = metadata;
    this.logs = logs;
    this.followed = followed;
    this.nearer = new NearerReplicas(replicas, ticker);
    this.scheduler = scheduler;
    this.sessions = new FetchSessions(settings.fetchSessionsMax(), ticker, random);
    this.fetchBytesMax = settings.fetchBytesMax();
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.FETCH;
  }

  @Override
  public CompletableFuture<FetchResponseData> handle(
      RequestContext context, FetchRequestData request) {
    boolean byTopicId = context.apiVersion() >= FIRST_VERSION_WITH_IDS;
    int epoch =
        context.apiVersion() >= FIRST_VERSION_WITH_SESSIONS
            ? request.sessionEpoch()
            : FetchMetadata.FINAL_EPOCH;
    boolean full = epoch == FetchMetadata.INITIAL_EPOCH || epoch == FetchMetadata.FINAL_EPOCH;
    FetchSession session;
    if (full) {
      if (request.sessionId() != FetchSessions.NO_SESSION) {
        sessions.remove(request.sessionId());
      }
      session = new FetchSession(byTopicId);
    } else {
      FetchSessions.Continued continued = sessions.next(request.sessionId(), epoch, byTopicId);
      if (continued.session() == null) {
        return CompletableFuture.completedFuture(
            new FetchResponseData().setErrorCode(continued.error().code()));
      }
      session = continued.session();
    }
    FetchAttempt.Kind kind =
        !full
            ? FetchAttempt.Kind.INCREMENTAL
            : epoch == FetchMetadata.INITIAL_EPOCH
                ? FetchAttempt.Kind.FIRST_OF_SESSION
                : FetchAttempt.Kind.WITHOUT_SESSION;
    FetchAttempt attempt = new FetchAttempt(this, context, request, session, kind);
    if (session.enter(() -> context.networkThread().execute(attempt::start))) {
      attempt.start();
    }
    if (!attempt.answered().isDone()) {
      // One fetch of a connection at a time, or a client that asks faster than it reads could have
      // any amount of memory pinned for it.
      context.holdUntil(attempt.answered());
    }
    return attempt.answered();
  }

  LookUp find(FetchPartition partition, boolean byTopicId) {
    FetchPartition.Key key = partition.key;
    return byTopicId
        ? logs.find(TopicIds.ours(key.topicId()), key.partition(), partition.leaderEpoch)
        : logs.find(metadata.image(), key.topic(), key.partition(), partition.leaderEpoch);
  }

  /** Where a log went that was handed over or has closed. */
  LookUp.Missing whereIs(PartitionLog log) {
    return logs.whereIs(log.id());
  }

  /** A partition that another broker leads, if it can be read here; else null. */
  @Nullable ReadableLog followed(FetchPartition partition, String rack) {
    Topic topic = topic(partition.key);
    return topic == null || rack.isEmpty()
        ? null
        : followed.find(topic.id(), partition.key.partition(), partition.leaderEpoch, rack);
  }

  /** Where a consumer of a partition that is led here had better read it. */
  OptionalInt nearer(FetchPartition partition, RequestContext context, String rack) {
    Topic topic = rack.isEmpty() ? null : topic(partition.key);
    return topic == null
        ? OptionalInt.empty()
        : nearer.of(
            new NearerReplicas.Reader(
                context.client().address(), context.clientId(), partition.key),
            metadata.image(),
            topic,
            rack);
  }

  private @Nullable Topic topic(FetchPartition.Key key) {
    return key.topic().isEmpty()
        ? metadata.image().topic(TopicIds.ours(key.topicId()))
        : metadata.image().topic(key.topic());
  }

  ClusterMetadata metadata() {
    return metadata;
  }

  Scheduler scheduler() {
    return scheduler;
  }

  FetchSessions sessions() {
    return sessions;
  }

  int fetchBytesMax() {
    return fetchBytesMax;
  }
}
