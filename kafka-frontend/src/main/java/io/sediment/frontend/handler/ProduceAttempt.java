package io.sediment.frontend.handler;

import io.sediment.frontend.partition.AppendResult;
import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.BatchPreparer.Prepared;
import io.sediment.frontend.partition.BatchValidator;
import io.sediment.frontend.partition.BatchVerdict;
import io.sediment.frontend.partition.BatchVerdict.Rejected;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.metadata.Broker;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.message.ProduceResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.ProduceResponseData.NodeEndpoint;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/**
 * One produce request on its way: validate, append in order, await durability, answer.
 *
 * <p>Mostly all of it but the waiting happens inside {@link #start}, on the network thread. Where a
 * step takes time (a batch must be decompressed, producer state must be loaded, the lane's memory
 * is full) the connection's later requests are held until this one has been appended, so that the
 * order of a client's batches is kept whatever happens to one of them. Partitions fail one by one.
 */
final class ProduceAttempt {
  /** What attempts share. */
  record Tools(
      BatchPreparer preparer,
      Executor workers,
      Scheduler scheduler,
      Ticker ticker,
      InstantSource clock,
      IntSupplier throttleMs,
      Function<PartitionId, LookUp.Missing> whereIs) {}

  private static final short FIRST_VERSION_WITH_ZSTD = 7;
  private static final short FIRST_VERSION_WITH_LEADERS = 10;
  private static final short ACKS_ALL = -1;

  /** Checking more than this at once would keep other clients of the network thread waiting. */
  private static final int NETWORK_THREAD_BYTES_MAX = 1 << 20;

  private static final long BUSY_PAUSE_MS_MIN = 5;

  /** Who has waited for long looks less often, and is late by a small part of what it waited. */
  private static final int BUSY_PAUSES_PER_WAIT = 16;

  private static final class Item {
    final PartitionProduceResponse answer;
    final PartitionLog log;
    ByteBuffer batch;
    boolean needsWork;
    @Nullable CompletableFuture<Void> producersLoaded; // asked for once: failure is an answer, too
    boolean settled; // guarded by the attempt

    Item(PartitionProduceResponse answer, PartitionLog log, ByteBuffer batch) {
      this.answer = answer;
      this.log = log;
      this.batch = batch;
    }
  }

  private final Tools tools;
  private final RequestContext context;
  private final ProduceRequestData request;
  private final long arrivedMs; // by the wall clock, for timestamps
  private final long arrivedNanos;
  private final ProduceResponseData response = new ProduceResponseData();
  private final CompletableFuture<ProduceResponseData> answered = new CompletableFuture<>();
  private final CompletableFuture<Void> appended = new CompletableFuture<>();
  private final List<Item> items = new ArrayList<>();
  private long bytes;
  private int next;

  private int waiting; // guarded by this
  private boolean finished; // guarded by this
  private Scheduler.@Nullable Cancellable timeout; // guarded by this

  ProduceAttempt(Tools tools, RequestContext context, ProduceRequestData request) {
    this.tools = tools;
    this.context = context;
    this.request = request;
    this.arrivedMs = tools.clock().millis();
    this.arrivedNanos = tools.ticker().nanoTime();
  }

  // Network thread, before start.

  void addTopic(TopicProduceData topic, IntFunction<LookUp> lookUp) {
    TopicProduceResponse topicAnswer =
        new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
    for (PartitionProduceData partition : topic.partitionData()) {
      PartitionProduceResponse answer =
          new PartitionProduceResponse().setIndex(partition.index()).setBaseOffset(-1);
      topicAnswer.partitionResponses().add(answer);
      addPartition(partition, answer, lookUp);
    }
    response.responses().add(topicAnswer);
  }

  private void addPartition(
      PartitionProduceData partition, PartitionProduceResponse answer, IntFunction<LookUp> lookUp) {
    if (request.acks() < ACKS_ALL || request.acks() > 1) {
      refuse(answer, Errors.INVALID_REQUIRED_ACKS, "acks: " + request.acks());
      return;
    }
    LookUp found = lookUp.apply(partition.index());
    if (found instanceof LookUp.Missing missing) {
      refuse(answer, missing.error(), null);
      hintLeader(answer, missing);
    } else if (partition.records() instanceof MemoryRecords records) {
      ByteBuffer batch = records.buffer();
      bytes += batch.remaining();
      items.add(new Item(answer, ((LookUp.Found) found).log(), batch));
    } else {
      refuse(answer, Errors.INVALID_RECORD, "no records");
    }
    partition.setRecords(null); // the message must not outlive its memory
  }

  private void hintLeader(PartitionProduceResponse answer, LookUp.Missing missing) {
    Broker leader = missing.leader();
    if (leader != null && context.apiVersion() >= FIRST_VERSION_WITH_LEADERS) {
      answer.setCurrentLeader(
          new LeaderIdAndEpoch().setLeaderId(leader.id()).setLeaderEpoch(missing.leaderEpoch()));
      if (response.nodeEndpoints().find(leader.id()) == null) {
        response
            .nodeEndpoints()
            .add(
                new NodeEndpoint()
                    .setNodeId(leader.id())
                    .setHost(leader.host())
                    .setPort(leader.port())
                    .setRack(leader.rack()));
      }
    }
  }

  CompletableFuture<ProduceResponseData> start() {
    if (request.acks() == 0) {
      context.sendNoResponse();
    }
    if (bytes > NETWORK_THREAD_BYTES_MAX) {
      onWorker(
          () -> {
            validate();
            prepare();
          });
    } else if (validate()) {
      onWorker(this::prepare);
    } else {
      appendAll();
    }
    if (!appended.isDone()) {
      context.holdUntil(appended);
    }
    return answered;
  }

  /** Completes when all that can be is appended, and later requests may be. */
  CompletableFuture<Void> appended() {
    return appended;
  }

  // Validation, on the network thread or on a worker.

  /** Whether some batch needs a worker. */
  private boolean validate() {
    boolean work = false;
    boolean zstdAllowed = context.apiVersion() >= FIRST_VERSION_WITH_ZSTD;
    for (Item item : items) {
      BatchVerdict verdict =
          BatchValidator.validate(item.batch, item.log.settings(), arrivedMs, zstdAllowed);
      if (verdict instanceof Rejected rejected) {
        reject(item, rejected);
      } else if (verdict instanceof BatchVerdict.NeedsWork) {
        item.needsWork = true;
        work = true;
      }
    }
    return work;
  }

  private void prepare() {
    for (Item item : items) {
      if (item.needsWork) {
        Prepared prepared =
            tools
                .preparer()
                .prepare(
                    item.batch, item.log.topic(), item.log.id().partition(), item.log.settings());
        if (prepared instanceof Prepared.Refused refused) {
          reject(item, refused.rejected());
        } else if (prepared instanceof Prepared.Batch ready) {
          item.batch = ready.bytes();
        }
      }
    }
  }

  private void onWorker(Runnable work) {
    tools
        .workers()
        .execute(
            () -> {
              try {
                work.run();
              } catch (RuntimeException e) {
                context.networkThread().execute(() -> fail(e));
                return;
              }
              context.networkThread().execute(this::goOn);
            });
  }

  // Appending, on the network thread.

  /** {@link #appendAll} where nobody above would see what it throws. */
  private void goOn() {
    try {
      appendAll();
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void appendAll() {
    List<CompletableFuture<Void>> loading = new ArrayList<>(0);
    for (Item item : items.subList(next, items.size())) {
      if (!isSettled(item) && hasProducer(item)) {
        CompletableFuture<Void> loaded = item.producersLoaded;
        if (loaded == null) {
          loaded = item.log.producersLoaded();
          item.producersLoaded = loaded;
        }
        if (!loaded.isDone()) {
          loading.add(loaded);
        } else if (loaded.isCompletedExceptionally()) {
          settle(item, Errors.KAFKA_STORAGE_ERROR, "producer state cannot be read");
        }
      }
    }
    if (!loading.isEmpty()) {
      CompletableFuture.allOf(loading.toArray(CompletableFuture[]::new))
          .whenComplete((done, failure) -> context.networkThread().execute(this::goOn));
      return;
    }
    while (next < items.size()) {
      Item item = items.get(next);
      if (!isSettled(item) && !append(item)) {
        tools.scheduler().schedule(() -> context.networkThread().execute(this::goOn), busyPause());
        return;
      }
      next++;
    }
    context.bodyConsumed();
    appended.complete(null);
    await();
  }

  private static boolean hasProducer(Item item) {
    return RecordBatchLayout.producerId(item.batch, item.batch.position()) >= 0;
  }

  /**
   * False when the lane has no memory now, or the partition is being handed over to nobody knows
   * whom, and there is time left to wait: the client is rather told late where to go than to look
   * for it by itself.
   */
  private boolean append(Item item) {
    AppendResult result = item.log.append(item.batch);
    if (result instanceof AppendResult.Busy) {
      if (isTimeLeft()) {
        return false;
      }
      settle(item, Errors.REQUEST_TIMED_OUT, "no memory for unflushed data");
    } else if (result instanceof AppendResult.Refused refused) {
      if (refused.error() == Errors.NOT_LEADER_OR_FOLLOWER) {
        LookUp.Missing where = tools.whereIs().apply(item.log.id());
        if (refused.isHandover() && !isTold(where) && isTimeLeft()) {
          return false;
        }
        hintLeader(item.answer, where);
      }
      settle(item, refused.error(), refused.message());
    } else if (result instanceof AppendResult.Appended written) {
      item.answer.setBaseOffset(written.baseOffset());
      if (item.log.settings().timestampType() == TimestampType.LOG_APPEND_TIME) {
        item.answer.setLogAppendTimeMs(
            RecordBatchLayout.maxTimestamp(item.batch, item.batch.position()));
      }
      if (request.acks() == 0) {
        settle(item, Errors.NONE, null);
      } else {
        synchronized (this) {
          waiting++;
        }
        written.durable().whenComplete((done, failure) -> durable(item, failure));
      }
    }
    return true;
  }

  /** Whether the client learns from the answer where to go; metadata may not say so yet. */
  private boolean isTold(LookUp.Missing where) {
    return where.leader() != null
        && context.apiVersion() >= FIRST_VERSION_WITH_LEADERS
        && request.acks() != 0;
  }

  private Duration busyPause() {
    return Duration.ofMillis(Math.max(BUSY_PAUSE_MS_MIN, waitedMs() / BUSY_PAUSES_PER_WAIT));
  }

  private boolean isTimeLeft() {
    return waitedMs() < request.timeoutMs();
  }

  private long waitedMs() {
    return TimeUnit.NANOSECONDS.toMillis(tools.ticker().nanoTime() - arrivedNanos);
  }

  // Waiting and answering, on any thread.

  private void await() {
    synchronized (this) {
      if (waiting > 0) {
        timeout =
            tools.scheduler().schedule(this::timedOut, Duration.ofMillis(request.timeoutMs()));
        return;
      }
    }
    finish();
  }

  private void durable(Item item, @Nullable Throwable failure) {
    boolean last;
    synchronized (this) {
      if (finished) {
        return;
      }
      waiting--;
      if (failure == null) {
        settle(item, Errors.NONE, null);
        item.answer.setLogStartOffset(item.log.logStartOffset());
      } else {
        settle(item, StoreFailures.errorOf(failure), failure.getMessage());
      }
      last = waiting == 0 && appended.isDone();
    }
    if (last) {
      finish();
    }
  }

  private void timedOut() {
    synchronized (this) {
      if (finished) {
        return;
      }
      for (Item item : items) {
        if (!item.settled) {
          settle(item, Errors.REQUEST_TIMED_OUT, "not durable yet");
        }
      }
    }
    finish();
  }

  private void fail(RuntimeException bug) {
    synchronized (this) {
      finished = true;
    }
    appended.complete(null);
    answered.completeExceptionally(bug);
  }

  private void finish() {
    synchronized (this) {
      if (finished) {
        return;
      }
      finished = true;
      if (timeout != null) {
        timeout.cancel();
      }
    }
    int throttleMs = tools.throttleMs().getAsInt();
    if (throttleMs > 0) {
      context.throttle(throttleMs);
      response.setThrottleTimeMs(throttleMs);
    }
    if (request.acks() == 0) {
      closeOnError();
    }
    answered.complete(response);
  }

  /** Without responses this is the only way to tell the producer to look again. */
  private void closeOnError() {
    for (TopicProduceResponse topic : response.responses()) {
      for (PartitionProduceResponse partition : topic.partitionResponses()) {
        if (partition.errorCode() != Errors.NONE.code()) {
          context.closeConnection(
              "acks=0 and "
                  + Errors.forCode(partition.errorCode())
                  + " for "
                  + topic.name()
                  + "-"
                  + partition.index()
                  + ": "
                  + partition.errorMessage());
          return;
        }
      }
    }
  }

  private synchronized boolean isSettled(Item item) {
    return item.settled;
  }

  private void reject(Item item, Rejected rejected) {
    for (BatchVerdict.RecordError record : rejected.records()) {
      item.answer
          .recordErrors()
          .add(
              new BatchIndexAndErrorMessage()
                  .setBatchIndex(record.batchIndex())
                  .setBatchIndexErrorMessage(record.message()));
    }
    settle(item, rejected.error(), rejected.message());
  }

  private synchronized void settle(Item item, Errors error, @Nullable String message) {
    item.settled = true;
    if (error != Errors.NONE) {
      refuse(item.answer, error, message);
    }
  }

  private static void refuse(
      PartitionProduceResponse answer, Errors error, @Nullable String message) {
    answer.setErrorCode(error.code()).setErrorMessage(message).setBaseOffset(-1);
  }
}
