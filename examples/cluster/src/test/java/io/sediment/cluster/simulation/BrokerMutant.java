package io.sediment.cluster.simulation;

import io.sediment.compactor.Liveness;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.partition.PartitionLane;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.lsm.object.SortedObject;
import io.sediment.metadata.AllocateProducerIds;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.ForwardingMetadata;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import io.sediment.metadata.Topic;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import io.sediment.runtime.Ticker;
import io.sediment.simulation.SimScheduler;
import io.sediment.wal.ForwardingStore;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** One safeguard of the broker taken away, from outside. */
enum BrokerMutant {
  NONE,

  /** What the metadata's state machine has applied is acted upon before the bucket has it. */
  VISIBLE_BEFORE_EXPORT,

  /** The high watermark rises when a batch is appended. */
  HIGH_WATERMARK_BEFORE_DURABILITY {
    @Override
    PartitionLane spoil(PartitionLane lane, SimScheduler process, EarlyAnswers early) {
      return new SpoiledLane(lane) {
        @Override
        void appended(
            LanePartition partition, PartitionListener listener, ByteBuffer batch, long offset) {
          long end = partition.endOffset();
          process.execute(() -> listener.onDurable(end));
        }
      };
    }
  },

  /** A batch that comes again is acknowledged at once, durable or not. */
  EARLY_DUPLICATE_ACK {
    @Override
    PartitionLane spoil(PartitionLane lane, SimScheduler process, EarlyAnswers early) {
      return new SpoiledLane(lane) {
        @Override
        void appended(
            LanePartition partition, PartitionListener listener, ByteBuffer batch, long offset) {
          early.appended(batch, offset);
        }
      };
    }

    @Override
    ApiHandler<?, ?> spoil(ApiHandler<?, ?> handler, EarlyAnswers early) {
      return early.before(handler);
    }
  },

  /** A process gives out producer ids from the first one on. */
  PRODUCER_ID_REUSE {
    @Override
    ClusterMetadata spoil(ClusterMetadata metadata) {
      return new ForwardingMetadata(metadata) {
        @Override
        @SuppressWarnings("unchecked")
        public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
          if (!(command instanceof AllocateProducerIds wanted)) {
            return super.submit(command);
          }
          R first = (R) new AllocateProducerIds.Block(0, wanted.count());
          return CompletableFuture.completedFuture(new CommandResult.Accepted<>(first));
        }
      };
    }
  },

  /** Who takes a lane over takes what is flushed for all there is. For several brokers. */
  LOG_UNREAD_AT_TAKEOVER {
    @Override
    ObjectStore spoilTakeover(ObjectStore store) {
      return new UnreadLog(store);
    }
  },

  /** Likewise, who recovers the bucket. For several brokers. */
  LOG_UNREAD_AT_REBIRTH {
    @Override
    ObjectStore spoilRebirth(ObjectStore store) {
      return new UnreadLog(store);
    }
  },

  /** A partition is moved to where it ended a moment ago. For several brokers. */
  MOVED_WHILE_APPENDING,

  /** The next leader of a partition begins with no states of producers. For several brokers. */
  PRODUCERS_NOT_TAKEN_OVER {
    @Override
    PartitionLane spoil(PartitionLane lane, SimScheduler process, EarlyAnswers early) {
      return new SpoiledLane(lane) {
        @Override
        void appended(
            LanePartition partition, PartitionListener listener, ByteBuffer batch, long offset) {}

        @Override
        boolean knowsProducers() {
          return false;
        }
      };
    }
  },

  /** A lane's owner announces what it has begun to write as acknowledged. For several brokers. */
  ANNOUNCED_BEFORE_ACKNOWLEDGED {
    @Override
    LaneReport spoil(LaneReport report) {
      return new LaneReport(report.lane(), report.epoch(), report.seq() + 1, report.load());
    }
  },

  /** A broker that hears nothing of the metadata log keeps its lease. For several brokers. */
  LAG_UNNOTICED {
    @Override
    LongSupplier applied(LongSupplier index) {
      return () -> Long.MAX_VALUE;
    }
  },

  /** What goes to a broker with less to do ends before its last batch. For several brokers. */
  BALANCED_TO_A_SHORTER_LOG {
    @Override
    ClusterMetadata spoilBalance(ClusterMetadata metadata) {
      return new ForwardingMetadata(metadata) {
        @Override
        @SuppressWarnings("unchecked")
        public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
          return super.submit(
              command instanceof MovePartitions moves
                  ? (MetadataCommand<R>) shorter(moves, metadata.image())
                  : command);
        }
      };
    }

    private static MovePartitions shorter(MovePartitions moves, MetadataImage image) {
      return new MovePartitions(
          moves.lane(),
          moves.laneEpoch(),
          moves.moves().stream()
              .map(
                  move -> {
                    Partition partition = image.partition(move.partition());
                    long start =
                        partition == null
                            ? move.endOffset()
                            : Math.max(
                                partition.current().startOffset(), partition.logStartOffset());
                    return new MovePartitions.Move(
                        move.partition(),
                        move.leaderEpoch(),
                        Math.max(start, move.endOffset() - 1),
                        move.target());
                  })
              .toList());
    }
  },

  /** Compaction lets go of what a lane holds of partitions that moved away. For several brokers. */
  MOVED_TAKEN_FOR_DEAD {
    @Override
    Liveness spoil(Liveness liveness, io.sediment.lsm.LaneId lane, MetadataImage image) {
      Map<io.sediment.lsm.PartitionId, Long> starts = new HashMap<>(liveness.logStarts());
      for (Topic topic : image.topics()) {
        for (int i = 0; i < topic.partitionCount(); i++) {
          Placement current = topic.partitions().get(i).current();
          if (current.lane().value() != lane.value()) {
            starts.merge(
                new io.sediment.lsm.PartitionId(topic.id(), i), current.startOffset(), Math::max);
          }
        }
      }
      return new Liveness(
          starts,
          liveness.deletedTopics(),
          liveness.producersExpiredBeforeMs(),
          liveness.retentionClass(),
          liveness.goesSoonBeforeMs());
    }
  },

  /**
   * Producers are told where to go, and the next leader epoch, when a log has stopped for a
   * handoff, and not when the move is submitted. For several brokers.
   */
  TOLD_BEFORE_SUBMITTED {
    @Override
    ApiHandler<?, ?> spoilHints(
        ApiHandler<?, ?> handler, PartitionLogs logs, ClusterMetadata metadata) {
      return ToldTooEarly.before(handler, logs, metadata);
    }
  },

  /** A lease ends when the wall clock says so. For several brokers whose clocks jump. */
  LEASE_BY_WALL_CLOCK {
    @Override
    Ticker leaseClock(SimScheduler process) {
      return () -> TimeUnit.MILLISECONDS.toNanos(process.millis());
    }
  };

  /** Those that clients of one broker notice. */
  static final Set<BrokerMutant> OF_ONE =
      EnumSet.of(
          VISIBLE_BEFORE_EXPORT,
          HIGH_WATERMARK_BEFORE_DURABILITY,
          EARLY_DUPLICATE_ACK,
          PRODUCER_ID_REUSE);

  /** Those that clients of several brokers notice. */
  static final Set<BrokerMutant> OF_SEVERAL =
      EnumSet.of(
          LOG_UNREAD_AT_TAKEOVER,
          LOG_UNREAD_AT_REBIRTH,
          MOVED_WHILE_APPENDING,
          PRODUCERS_NOT_TAKEN_OVER,
          ANNOUNCED_BEFORE_ACKNOWLEDGED,
          LAG_UNNOTICED,
          BALANCED_TO_A_SHORTER_LOG,
          MOVED_TAKEN_FOR_DEAD,
          TOLD_BEFORE_SUBMITTED);

  /** What a broker measures its lease by. */
  Ticker leaseClock(SimScheduler process) {
    return process;
  }

  /** Up to where a broker has applied the metadata log, as its lease keeper is told. */
  LongSupplier applied(LongSupplier index) {
    return index;
  }

  /** What the owner of a lane says of it. */
  LaneReport spoil(LaneReport report) {
    return report;
  }

  PartitionLane spoil(PartitionLane lane, SimScheduler process, EarlyAnswers early) {
    return lane;
  }

  /** The bucket as whoever closes a lane of another broker sees its log. */
  ObjectStore spoilTakeover(ObjectStore store) {
    return store;
  }

  /** Likewise, as whoever recovers it sees the logs of its lanes. */
  ObjectStore spoilRebirth(ObjectStore store) {
    return store;
  }

  ApiHandler<?, ?> spoil(ApiHandler<?, ?> handler, EarlyAnswers early) {
    return handler;
  }

  /** What producers are told of who leads next. */
  ApiHandler<?, ?> spoilHints(
      ApiHandler<?, ?> handler, PartitionLogs logs, ClusterMetadata metadata) {
    return handler;
  }

  ClusterMetadata spoil(ClusterMetadata metadata) {
    return metadata;
  }

  /** The metadata to which the balance of loads submits. */
  ClusterMetadata spoilBalance(ClusterMetadata metadata) {
    return metadata;
  }

  /** What compactors take for wanted of {@code lane}. */
  Liveness spoil(Liveness liveness, io.sediment.lsm.LaneId lane, MetadataImage image) {
    return liveness;
  }

  /** Nothing seems to lie in any log, and fences that are not put seem to be. */
  private static final class UnreadLog extends ForwardingStore {
    UnreadLog(ObjectStore store) {
      super(store);
    }

    @Override
    public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
      return key.value().contains("/wal/")
          ? CompletableFuture.completedFuture(Optional.empty())
          : super.get(key, range);
    }

    @Override
    public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
      return body.length() == SortedObject.FENCE_LENGTH
          ? CompletableFuture.completedFuture(new PutResult.Created(new ETag("fenced, surely")))
          : super.putIfAbsent(key, body);
    }
  }
}
