package io.sediment.cluster.simulation;

import io.sediment.frontend.partition.BalanceLoop;
import io.sediment.frontend.partition.PartitionHandoff;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PreferredMoves;
import io.sediment.lsm.lane.Lane;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.ForwardingMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferLeaders;
import io.sediment.metadata.Topic;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.simulation.SimScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Hands a broker's partitions over: as chaos has it, to whom an operator wants to lead them, to
 * brokers that have less to do, and all of them in the end.
 */
final class BrokerMoves {
  private static final Duration BALANCE_INTERVAL = Duration.ofMillis(400);
  private static final Duration DRAIN_LIMIT = Duration.ofSeconds(10);
  private static final Duration CLIENTS_TOLD = Duration.ofMillis(500);

  private final int broker;
  private final long brokerEpoch;
  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final Lane lane;
  private final LaneId laneId;
  private final SimScheduler process;
  private final BrokerMutant mutant;
  private final PartitionHandoff handoff;
  private final PreferredMoves preferred;
  private final BalanceLoop balance;
  private final AtomicLong forOperators = new AtomicLong();
  private final AtomicLong forBalance = new AtomicLong();
  private long handoffs;

  BrokerMoves(
      int broker,
      long brokerEpoch,
      ClusterMetadata metadata,
      PartitionLogs logs,
      Lane lane,
      SimScheduler process,
      BrokerMutant mutant) {
    this.broker = broker;
    this.brokerEpoch = brokerEpoch;
    this.metadata = metadata;
    this.logs = logs;
    this.lane = lane;
    this.laneId = new LaneId(lane.id().value());
    this.process = process;
    this.mutant = mutant;
    this.handoff = handoffBy(metadata);
    this.preferred =
        PreferredMoves.start(metadata, logs, handoffBy(counting(metadata, forOperators)), process);
    this.balance =
        BalanceLoop.start(
            broker,
            laneId,
            metadata,
            logs,
            handoffBy(counting(mutant.spoilBalance(metadata), forBalance)),
            process,
            process,
            BALANCE_INTERVAL,
            true);
  }

  private PartitionHandoff handoffBy(ClusterMetadata submitted) {
    return new PartitionHandoff(
        broker, brokerEpoch, submitted, logs, laneId, lane.epoch(), lane::flush, process);
  }

  private static ClusterMetadata counting(ClusterMetadata metadata, AtomicLong moved) {
    return new ForwardingMetadata(metadata) {
      @Override
      public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
        return super.submit(command)
            .thenApply(
                result -> {
                  if (result instanceof CommandResult.Accepted<R> accepted
                      && accepted.value() instanceof Integer partitions) {
                    moved.addAndGet(partitions);
                  }
                  return result;
                });
      }
    };
  }

  /** What the broker says it has to do. */
  long load() {
    return balance.load();
  }

  /** What others say of their lanes. */
  void onReports(List<LaneReport> lanes) {
    balance.onReports(lanes);
  }

  /**
   * Hands one partition over: to anybody, as one that ends does, or to a certain broker, be it
   * itself or one that does not live.
   */
  void handSomethingOver(SplittableRandom chaos, int brokers) {
    int chosen = chaos.nextInt(8);
    int target = chaos.nextBoolean() ? MovePartitions.ANY_BROKER : chaos.nextInt(brokers);
    process.execute(
        () -> {
          List<PartitionLog> led = new ArrayList<>(logs.all());
          if (!led.isEmpty()) {
            PartitionLog leaving = led.get(chosen % led.size());
            process.trace("hands over " + leaving);
            handoffs++;
            if (mutant == BrokerMutant.MOVED_WHILE_APPENDING) {
              moveWithoutAsking(leaving);
              return;
            }
            handoff
                .handOver(List.of(leaving), any -> target)
                .whenComplete(
                    (moved, failure) -> process.trace("handed over " + moved + " " + failure));
          }
        });
  }

  private void moveWithoutAsking(PartitionLog leaving) {
    PartitionId moved = new PartitionId(leaving.id().topicId(), leaving.id().partition());
    metadata.submit(
        new MovePartitions(
            laneId,
            lane.epoch(),
            List.of(
                new MovePartitions.Move(
                    moved,
                    leaving.leaderEpoch(),
                    leaving.highWatermark(),
                    MovePartitions.ANY_BROKER))));
  }

  /** An operator says who shall lead some partition. */
  void preferSomebody(SplittableRandom chaos, int brokers) {
    int chosen = chaos.nextInt(8);
    int target = chaos.nextInt(brokers);
    process.execute(
        () -> {
          List<PartitionId> all = new ArrayList<>();
          for (Topic topic : metadata.image().topics()) {
            for (int i = 0; i < topic.partitionCount(); i++) {
              all.add(new PartitionId(topic.id(), i));
            }
          }
          if (!all.isEmpty()) {
            PartitionId partition = all.get(chosen % all.size());
            process.trace("an operator wants " + target + " to lead " + partition);
            metadata.submit(
                new PreferLeaders(List.of(new PreferLeaders.Choice(partition, target))));
          }
        });
  }

  /** Others lead what this one led, where there are others; clients have a moment to hear of it. */
  CompletableFuture<Void> drain() {
    balance.close();
    preferred.close();
    CompletableFuture<Void> told = new CompletableFuture<>();
    handoffs++;
    process.schedule(() -> told.complete(null), DRAIN_LIMIT);
    handoff
        .drain()
        .whenComplete(
            (count, failure) -> {
              process.trace("drained " + count + " " + failure);
              process.schedule(() -> told.complete(null), CLIENTS_TOLD);
            });
    return told;
  }

  /** How often chaos or the end of the process began to hand something over. */
  long handoffs() {
    return handoffs;
  }

  /** Partitions that went to whom an operator wanted. */
  long forOperators() {
    return forOperators.get();
  }

  /** Partitions that went to brokers with less to do. */
  long forBalance() {
    return forBalance.get();
  }
}
