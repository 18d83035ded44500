package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RejectionCode;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class RegistrationTest {
  private static final RegisterBroker COMMAND =
      new RegisterBroker(7, UUID.fromString("00000000-0000-0000-0000-00000000000a"), "h", 1, null);

  private final Simulation simulation = new Simulation(1);
  private final SimScheduler process = simulation.process("broker");
  private final List<MetadataCommand<?>> submitted = new ArrayList<>();
  private RuntimeException failure = new MetadataUnavailableException("no leader");
  private CommandResult<Long> answer = new CommandResult.Accepted<>(3L);
  private int failuresLeft;

  /** Metadata that takes commands, and nothing else. */
  private final class Commands implements ClusterMetadata {
    @Override
    public MetadataImage image() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Subscription subscribe(MetadataListener listener) {
      throw new UnsupportedOperationException();
    }

    @Override
    @SuppressWarnings("unchecked") // the only command here is answered with a broker epoch
    public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
      submitted.add(command);
      return failuresLeft-- > 0
          ? CompletableFuture.failedFuture(failure)
          : CompletableFuture.completedFuture((CommandResult<R>) answer);
    }
  }

  private CompletableFuture<Long> register() {
    return Registration.of(new Commands(), COMMAND, process);
  }

  @Test
  void waitsForALeaderAndSendsTheSameCommandAgain() {
    failuresLeft = 90;
    CompletableFuture<Long> epoch = register();
    simulation.runFor(Duration.ofSeconds(60));
    assertThat(epoch).isNotDone();
    simulation.runFor(Duration.ofSeconds(60));

    assertThat(epoch).isCompletedWithValue(3L);
    assertThat(submitted).hasSize(91).containsOnly(COMMAND);
  }

  @Test
  void aRefusalIsTheEnd() {
    answer = new CommandResult.Rejected<>(RejectionCode.STALE_BROKER_EPOCH, "of a test");
    CompletableFuture<Long> epoch = register();
    simulation.runFor(Duration.ofMinutes(1));

    assertThat(epoch).isCompletedExceptionally();
    assertThat(submitted).hasSize(1);
  }

  @Test
  void whatIsNotWaitingForALeaderIsTheEnd() {
    failure = new IllegalStateException("thrown by a test");
    failuresLeft = 1;
    CompletableFuture<Long> epoch = register();
    simulation.runFor(Duration.ofMinutes(1));

    assertThat(epoch).isCompletedExceptionally();
    assertThat(submitted).hasSize(1);
  }

  @Test
  void nobodyTriesOnWhenTheStartWasGivenUp() {
    failuresLeft = Integer.MAX_VALUE;
    CompletableFuture<Long> epoch = register();
    simulation.runFor(Duration.ofSeconds(5));
    epoch.cancel(false);
    int before = submitted.size();
    simulation.runFor(Duration.ofMinutes(1));

    assertThat(submitted).hasSize(before);
  }
}
