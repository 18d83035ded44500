package io.sediment.frontend.handler;

import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.ReadableLog;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.metadata.Broker;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.EpochEndOffset;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.FetchResponseData.NodeEndpoint;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/**
 * One fetch request on its way, in rounds: look at the dirty partitions of the session, read what
 * they have, and either answer or wait until enough became readable and go round again. The last
 * round, when the client's wait is over, answers with whatever there is.
 *
 * <p>Reads of a round that memory can serve are exact; those that go to the store run side by side
 * once the first has landed, each with its share of the bytes reserved. Everything but the waking
 * runs on the connection's network thread.
 */
final class FetchAttempt {
  enum Kind {
    /** Answers every partition it names. */
    WITHOUT_SESSION,
    /** Likewise, and its partitions become a session. */
    FIRST_OF_SESSION,
    /** Answers only what is new. */
    INCREMENTAL
  }

  /**
   * Reads that may be under way at once for one request. Neighbours often wait for the same GET, so
   * fewer would leave a store with latency idle; memory is bounded by its budget.
   */
  private static final int READS_AT_ONCE = 48;

  private static final short FIRST_VERSION_WITH_LEADERS = 12;
  private static final short FIRST_VERSION_WITH_ENDPOINTS = 16;
  private static final long UNKNOWN_OFFSET = -1;

  /** A partition in a round, with what it will be answered. */
  private static final class Visit {
    final FetchPartition partition;
    final PartitionData answer;
    Errors error = Errors.NONE;
    @Nullable ReadableLog log;
    long highWatermark = UNKNOWN_OFFSET;
    long logStart = UNKNOWN_OFFSET;
    boolean diverged;
    boolean sentElsewhere;
    boolean aheadOfFollower;
    boolean readAtLeastOne;
    @Nullable BatchSlices slices;

    Visit(FetchPartition partition) {
      this.partition = partition;
      this.answer = new PartitionData().setPartitionIndex(partition.key.partition());
    }

    boolean hasData() {
      return error == Errors.NONE
          && !diverged
          && !sentElsewhere
          && partition.fetchOffset < highWatermark;
    }

    int sizeInBytes() {
      return slices == null ? 0 : slices.sizeInBytes();
    }
  }

  private final FetchHandler handler;
  private final RequestContext context;
  private final FetchRequestData request;
  private final FetchSession session;
  private final Kind kind;
  private final boolean readCommitted;
  private final CompletableFuture<FetchResponseData> answered = new CompletableFuture<>();

  // Network thread.
  private List<Visit> visits = List.of();
  private List<Visit> toRead = List.of();
  private int nextToRead;
  private int readsUnderWay;
  private long bytesLeft;
  private boolean launching;
  private boolean lastRound;
  private boolean waiting;
  private boolean finished;
  private Scheduler.@Nullable Cancellable timer;

  FetchAttempt(
      FetchHandler handler,
      RequestContext context,
      FetchRequestData request,
      FetchSession session,
      Kind kind) {
    this.handler = handler;
    this.context = context;
    this.request = request;
    this.session = session;
    this.kind = kind;
    this.readCommitted = request.isolationLevel() == IsolationLevel.READ_COMMITTED.id();
  }

  CompletableFuture<FetchResponseData> answered() {
    return answered;
  }

  void start() {
    try {
      updateSession();
      round();
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void updateSession() {
    for (ForgottenTopic topic : request.forgottenTopicsData()) {
      for (int partition : topic.partitions()) {
        session.remove(key(topic.topic(), topic.topicId(), partition));
      }
    }
    for (FetchTopic topic : request.topics()) {
      for (FetchRequestData.FetchPartition partition : topic.partitions()) {
        session.put(key(topic.topic(), topic.topicId(), partition.partition()), partition);
      }
    }
  }

  private FetchPartition.Key key(String topic, Uuid topicId, int partition) {
    return session.byTopicId()
        ? new FetchPartition.Key("", topicId, partition)
        : new FetchPartition.Key(topic, Uuid.ZERO_UUID, partition);
  }

  // A round: look, read, decide.

  private void round() {
    // Without a session the client sees to it that each partition gets its turn.
    List<FetchPartition> dirty =
        kind == Kind.WITHOUT_SESSION ? session.takeDirty() : session.takeDirtyInTurn();
    visits = new ArrayList<>(dirty.size());
    toRead = new ArrayList<>();
    for (FetchPartition partition : dirty) {
      Visit visit = look(partition);
      visits.add(visit);
      if (visit.hasData()) {
        toRead.add(visit);
      }
    }
    nextToRead = 0;
    bytesLeft = Math.min(Math.max(request.maxBytes(), 0), handler.fetchBytesMax());
    launchReads();
  }

  private Visit look(FetchPartition partition) {
    Visit visit = new Visit(partition);
    LookUp found = handler.find(partition, session.byTopicId());
    if (found instanceof LookUp.Found led && wentOn(led.log(), partition)) {
      found = handler.whereIs(led.log());
    }
    if (found instanceof LookUp.Missing missing) {
      ReadableLog followed =
          missing.error() == Errors.NOT_LEADER_OR_FOLLOWER && isConsumer()
              ? handler.followed(partition, request.rackId())
              : null;
      if (followed != null) {
        lookAsFollower(visit, followed);
        return visit;
      }
      session.watch(partition, null);
      visit.error = missing.error();
      hintLeader(visit.answer, missing);
      return visit;
    }
    PartitionLog log = ((LookUp.Found) found).log();
    session.watch(partition, log); // first, so that nothing that happens from here on is missed
    visit.log = log;
    visit.highWatermark = log.highWatermark();
    visit.logStart = log.logStartOffset();
    if (partition.lastFetchedEpoch >= 0) {
      findDivergence(visit, log);
    }
    if (partition.fetchOffset < visit.logStart || partition.fetchOffset > log.endOffset()) {
      visit.error = Errors.OFFSET_OUT_OF_RANGE;
    }
    if (visit.error == Errors.NONE && !visit.diverged && isConsumer()) {
      handler
          .nearer(partition, context, request.rackId())
          .ifPresent(
              broker -> {
                visit.sentElsewhere = true;
                visit.answer.setPreferredReadReplica(broker);
              });
    }
    return visit;
  }

  /** Whether a client has read what the next leader appended, of whom nothing is known here yet. */
  private static boolean wentOn(PartitionLog log, FetchPartition asked) {
    boolean isBeyond =
        asked.fetchOffset > log.endOffset() || asked.lastFetchedEpoch > log.leaderEpoch();
    return isBeyond && log.mayHaveSuccessor();
  }

  private boolean isConsumer() {
    return request.replicaState().replicaId() < 0 && request.replicaId() < 0;
  }

  /**
   * What the leader has acknowledged is heard with a delay, so a consumer that comes from there may
   * know more than is known here: it waits, and goes back to the leader where that takes too long.
   */
  private void lookAsFollower(Visit visit, ReadableLog log) {
    FetchPartition partition = visit.partition;
    session.watch(partition, log); // first, so that nothing that happens from here on is missed
    visit.log = log;
    visit.highWatermark = log.highWatermark();
    visit.logStart = log.logStartOffset();
    visit.aheadOfFollower = partition.fetchOffset > visit.highWatermark;
    if (partition.fetchOffset < visit.logStart) {
      visit.error = Errors.OFFSET_OUT_OF_RANGE;
    } else if (visit.aheadOfFollower && (lastRound || request.maxWaitMs() <= 0)) {
      visit.error = Errors.OFFSET_NOT_AVAILABLE;
    }
  }

  /** A client that says which epoch it read last learns where that epoch ends here (KIP-595). */
  private void findDivergence(Visit visit, ReadableLog log) {
    LeaderEpochs.End end =
        LeaderEpochs.endOf(handler.metadata().image(), log, visit.partition.lastFetchedEpoch);
    if (end.equals(LeaderEpochs.UNDEFINED)) {
      visit.error = Errors.OFFSET_OUT_OF_RANGE;
    } else if (end.epoch() < visit.partition.lastFetchedEpoch
        || end.endOffset() < visit.partition.fetchOffset) {
      visit.diverged = true;
      visit.answer.setDivergingEpoch(
          new EpochEndOffset().setEpoch(end.epoch()).setEndOffset(end.endOffset()));
    }
  }

  private void launchReads() {
    launching = true;
    while (nextToRead < toRead.size()
        && readsUnderWay < READS_AT_ONCE
        && (bytesLeft > 0 || nextToRead == 0)
        && !(nextToRead == 1 && readsUnderWay == 1)) {
      // Only the first read may exceed its limits, so that a large batch cannot block a client; and
      // only it may wait for memory, so nothing is read beside it that could hold what it waits
      // for.
      launch(toRead.get(nextToRead), nextToRead == 0);
      nextToRead++;
    }
    launching = false;
    if (readsUnderWay == 0) {
      readSomethingOrDecide();
    }
  }

  private void launch(Visit visit, boolean atLeastOne) {
    int limit = (int) Math.max(0, Math.min(bytesLeft, Math.max(0, visit.partition.maxBytes)));
    visit.readAtLeastOne = atLeastOne;
    bytesLeft -= limit;
    readsUnderWay++;
    CompletableFuture<BatchSlices> read;
    try {
      read = Objects.requireNonNull(visit.log).read(visit.partition.fetchOffset, limit, atLeastOne);
    } catch (RuntimeException e) {
      read = CompletableFuture.failedFuture(e);
    }
    if (read.isDone()) {
      read.whenComplete((slices, failure) -> landed(visit, limit, slices, failure));
    } else {
      read.whenComplete(
          (slices, failure) ->
              context.networkThread().execute(() -> landed(visit, limit, slices, failure)));
    }
  }

  private void landed(
      Visit visit, int reserved, @Nullable BatchSlices slices, @Nullable Throwable failure) {
    readsUnderWay--;
    bytesLeft += reserved;
    if (slices != null) {
      visit.slices = slices;
      bytesLeft -= slices.sizeInBytes();
    } else {
      visit.error =
          StoreFailures.errorOf(failure == null ? new IllegalStateException("no slices") : failure);
    }
    if (!launching) {
      launchReads();
    }
  }

  /** A client whose every first batch is over its limits still gets one of them. */
  private void readSomethingOrDecide() {
    for (Visit starving = starving(); starving != null; starving = starving()) {
      closeSlices(starving);
      launching = true;
      launch(starving, true);
      launching = false;
      if (readsUnderWay > 0) {
        return; // and here again when it has landed
      }
    }
    decide();
  }

  private @Nullable Visit starving() {
    if (bytesFound() == 0) {
      for (Visit visit : toRead) {
        if (visit.error == Errors.NONE && !visit.readAtLeastOne) {
          return visit;
        }
      }
    }
    return null;
  }

  private long bytesFound() {
    long sum = 0;
    for (Visit visit : visits) {
      sum += visit.sizeInBytes();
    }
    return sum;
  }

  private void decide() {
    long bytes = bytesFound();
    boolean enough =
        lastRound
            || request.maxWaitMs() <= 0
            || session.isEmpty()
            || bytes >= request.minBytes()
            || bytesLeft <= 0;
    for (Visit visit : visits) {
      enough |= visit.error != Errors.NONE || visit.diverged || visit.sentElsewhere;
    }
    if (enough) {
      answer();
    } else {
      waitForMore(request.minBytes() - bytes);
    }
  }

  // Waiting.

  private void waitForMore(long bytes) {
    for (Visit visit : visits) {
      closeSlices(visit);
      if (kind != Kind.INCREMENTAL || !isQuiet(visit)) {
        session.markDirty(visit.partition); // a full answer names every partition
      }
    }
    visits = List.of();
    waiting = true;
    if (timer == null) {
      timer =
          handler
              .scheduler()
              .schedule(
                  () -> context.networkThread().execute(this::timeIsUp),
                  Duration.ofMillis(request.maxWaitMs()));
    }
    session.await(bytes, () -> context.networkThread().execute(this::woken));
  }

  private void woken() {
    if (waiting && !finished) {
      waiting = false;
      anotherRound();
    }
  }

  private void timeIsUp() {
    lastRound = true; // a round under way answers when it is done
    if (waiting && !finished) {
      waiting = false;
      session.stopWaiting();
      anotherRound();
    }
  }

  private void anotherRound() {
    try {
      round();
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  // Answering.

  private void answer() {
    FetchResponseData response = new FetchResponseData();
    Map<FetchPartition.Key, FetchableTopicResponse> topics = new LinkedHashMap<>();
    for (Visit visit : visits) {
      boolean silent =
          kind == Kind.INCREMENTAL
              && visit.error == Errors.NONE
              && !visit.diverged
              && !visit.sentElsewhere
              && visit.sizeInBytes() == 0
              && !visit.partition.hasNewsFor(visit.highWatermark, visit.logStart);
      if (!silent) {
        FetchPartition.Key key = visit.partition.key;
        topics
            .computeIfAbsent(
                new FetchPartition.Key(key.topic(), key.topicId(), 0),
                any -> topicResponse(response, key))
            .partitions()
            .add(fill(visit));
      }
    }
    keepUnread();
    addEndpoints(response);
    response.setSessionId(sessionIdOf());
    finished = true;
    if (timer != null) {
      timer.cancel();
    }
    for (Visit visit : visits) {
      BatchSlices slices = visit.slices;
      if (slices != null) {
        context.closeAfterResponse(slices);
      }
    }
    session.leave();
    answered.complete(response);
  }

  private static FetchableTopicResponse topicResponse(
      FetchResponseData response, FetchPartition.Key key) {
    FetchableTopicResponse topic =
        new FetchableTopicResponse().setTopic(key.topic()).setTopicId(key.topicId());
    response.responses().add(topic);
    return topic;
  }

  private PartitionData fill(Visit visit) {
    PartitionData answer = visit.answer.setErrorCode(visit.error.code());
    BatchSlices slices = visit.slices;
    answer
        .setRecords(
            slices == null || slices.isEmpty() ? MemoryRecords.EMPTY : new SlicedRecords(slices))
        .setHighWatermark(UNKNOWN_OFFSET)
        .setLastStableOffset(UNKNOWN_OFFSET)
        .setLogStartOffset(UNKNOWN_OFFSET)
        .setAbortedTransactions(readCommitted ? new ArrayList<>(0) : null);
    if (visit.error == Errors.NONE || visit.error == Errors.OFFSET_OUT_OF_RANGE) {
      answer
          .setHighWatermark(visit.highWatermark)
          .setLastStableOffset(visit.highWatermark)
          .setLogStartOffset(visit.logStart);
      visit.partition.told(visit.highWatermark, visit.logStart);
    }
    return answer;
  }

  /**
   * A partition leaves the dirty set when its client knows all of it. One that was answered with
   * records stays, since the client may ask for the same offset again.
   */
  private void keepUnread() {
    for (Visit visit : visits) {
      if (visit.sizeInBytes() > 0 || !isQuiet(visit)) {
        session.markDirty(visit.partition);
      }
    }
    endTurn();
  }

  /** A batch over its limit is only read in the first place, so one between others gets nothing. */
  private void endTurn() {
    FetchPartition last = null;
    List<FetchPartition> gotNothing = new ArrayList<>();
    int beforeLast = 0;
    for (Visit visit : toRead) {
      if (visit.sizeInBytes() > 0) {
        last = visit.partition;
        beforeLast = gotNothing.size();
      } else if (visit.error == Errors.NONE) {
        gotNothing.add(visit.partition);
      }
    }
    if (last != null) {
      session.endTurn(last, gotNothing.subList(0, beforeLast));
    }
  }

  private static boolean isQuiet(Visit visit) {
    return visit.error == Errors.NONE
        && !visit.diverged
        && !visit.sentElsewhere
        && !visit.aheadOfFollower
        && visit.partition.fetchOffset >= visit.highWatermark
        && !visit.partition.hasNewsFor(visit.highWatermark, visit.logStart);
  }

  private int sessionIdOf() {
    switch (kind) {
      case WITHOUT_SESSION:
        session.close();
        return FetchSessions.NO_SESSION;
      case FIRST_OF_SESSION:
        int id = session.isEmpty() ? FetchSessions.NO_SESSION : handler.sessions().add(session);
        if (id == FetchSessions.NO_SESSION) {
          session.close();
        }
        return id;
      case INCREMENTAL:
        if (session.isEmpty()) {
          handler.sessions().remove(request.sessionId());
          return FetchSessions.NO_SESSION;
        }
        return request.sessionId();
    }
    throw new IllegalStateException("kind: " + kind);
  }

  private void hintLeader(PartitionData answer, LookUp.Missing missing) {
    Broker leader = missing.leader();
    if (leader != null && context.apiVersion() >= FIRST_VERSION_WITH_LEADERS) {
      answer.setCurrentLeader(
          new LeaderIdAndEpoch().setLeaderId(leader.id()).setLeaderEpoch(missing.leaderEpoch()));
    }
  }

  private void addEndpoints(FetchResponseData response) {
    if (context.apiVersion() < FIRST_VERSION_WITH_ENDPOINTS) {
      return;
    }
    for (Visit visit : visits) {
      int leader = visit.answer.currentLeader().leaderId();
      Broker broker = leader < 0 ? null : handler.metadata().image().broker(leader);
      if (broker != null && response.nodeEndpoints().find(leader) == null) {
        response
            .nodeEndpoints()
            .add(
                new NodeEndpoint()
                    .setNodeId(leader)
                    .setHost(broker.host())
                    .setPort(broker.port())
                    .setRack(broker.rack()));
      }
    }
  }

  private static void closeSlices(Visit visit) {
    BatchSlices slices = visit.slices;
    if (slices != null) {
      visit.slices = null;
      slices.close();
    }
  }

  private void fail(RuntimeException bug) {
    if (finished) {
      throw bug;
    }
    finished = true;
    visits.forEach(FetchAttempt::closeSlices);
    if (timer != null) {
      timer.cancel();
    }
    if (kind == Kind.INCREMENTAL) {
      handler.sessions().remove(request.sessionId()); // its state is in doubt
    } else {
      session.close();
    }
    session.leave();
    answered.completeExceptionally(bug);
  }
}
