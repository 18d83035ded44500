package io.sediment.cluster.simulation;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.partition.PartitionLane;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.metadata.AllocateProducerIds;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import io.sediment.simulation.SimScheduler;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

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
      return new ClusterMetadata() {
        @Override
        public MetadataImage image() {
          return metadata.image();
        }

        @Override
        public Subscription subscribe(MetadataListener listener) {
          return metadata.subscribe(listener);
        }

        @Override
        @SuppressWarnings("unchecked")
        public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
          if (!(command instanceof AllocateProducerIds wanted)) {
            return metadata.submit(command);
          }
          R first = (R) new AllocateProducerIds.Block(0, wanted.count());
          return CompletableFuture.completedFuture(new CommandResult.Accepted<>(first));
        }
      };
    }
  };

  PartitionLane spoil(PartitionLane lane, SimScheduler process, EarlyAnswers early) {
    return lane;
  }

  ApiHandler<?, ?> spoil(ApiHandler<?, ?> handler, EarlyAnswers early) {
    return handler;
  }

  ClusterMetadata spoil(ClusterMetadata metadata) {
    return metadata;
  }
}
