package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
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
import org.slf4j.LoggerFactory;

class RegistrationTest {
  private static final RegisterBroker COMMAND =
      new RegisterBroker(7, UUID.fromString("00000000-0000-0000-0000-00000000000a"), "h", 1, null);

  private final Simulation simulation = new Simulation(1);
  private final SimScheduler process = simulation.process("broker");
  private final List<MetadataCommand<?>> submitted = new ArrayList<>();
  private RuntimeException failure = new MetadataUnavailableException("no leader");
  private CommandResult<Long> answer = new CommandResult.Accepted<>(3L);
  private CompletableFuture<String> outlook = CompletableFuture.completedFuture("2=h:1 is closed");
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
    return Registration.of(new Commands(), COMMAND, () -> outlook, process);
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
  void eachFailureIsOneLineThatNamesWhoCannotBeReached() {
    assertThat(linesOfTwoFailures())
        .containsExactly(
            "broker 7 is not registered yet, trying again: no leader; 2=h:1 is closed",
            "broker 7 is not registered yet, trying again: no leader; 2=h:1 is closed");
  }

  @Test
  void itTriesAgainWhereNobodyKnowsWhoCanBeReached() {
    outlook = CompletableFuture.failedFuture(new IllegalStateException("of a test"));
    assertThat(linesOfTwoFailures())
        .containsOnly(
            "broker 7 is not registered yet, trying again: no leader;"
                + " java.lang.IllegalStateException: of a test");
  }

  private List<String> linesOfTwoFailures() {
    Logger logger = (Logger) LoggerFactory.getLogger(Registration.class);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    logger.addAppender(lines);
    try {
      failuresLeft = 2;
      CompletableFuture<Long> epoch = register();
      simulation.runFor(Duration.ofSeconds(5));
      assertThat(epoch).isCompletedWithValue(3L);
    } finally {
      logger.detachAppender(lines);
    }
    return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
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
