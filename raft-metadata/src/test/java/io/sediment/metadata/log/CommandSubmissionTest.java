package io.sediment.metadata.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CommandOutcome;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Done;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Publication;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.runtime.ManualScheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class CommandSubmissionTest {
  private static final SetFeatureLevels COMMAND = new SetFeatureLevels(Map.of("feature", 1));
  private static final long INDEX = 7;

  private final MetadataImage before = MetadataImage.empty("cluster", 1).withVersion(1);
  private final CommandOutcome<Done> outcome = COMMAND.applyTo(before);
  private final MetadataImage after = outcome.image().withVersion(INDEX);
  private final ExportedImages images = new ExportedImages(new Publication(before));
  private final CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
  private final CompletableFuture<CommandResult<Done>> submitted =
      new CommandSubmission(
              images, new ManualScheduler(), Duration.ofSeconds(1), 1 << 20, bytes -> answer)
          .submit(COMMAND);

  @Test
  void whoIsAnsweredWaitsForNoNoticeOfTheExport() {
    images.applied(after);
    answer.complete(reply(INDEX));
    assertThat(submitted).isCompleted();
  }

  @Test
  void anAnswerDoesNotPublishWhatTheBucketMayLack() {
    images.applied(after);
    answer.complete(reply(INDEX - 1));
    assertThat(submitted).isNotDone();
    images.exportedUpTo(INDEX);
    assertThat(submitted).isCompleted();
  }

  @Test
  void anAnswerThatIsAheadOfTheLogHereWaitsForIt() {
    answer.complete(reply(INDEX));
    assertThat(submitted).isNotDone();
    images.applied(after);
    assertThat(submitted).isCompleted();
  }

  private ByteBuffer reply(long exportedIndex) {
    byte[] result = CommandLayout.encodeResult(COMMAND, outcome.result());
    return ByteBuffer.wrap(new CommandReply(INDEX, exportedIndex, result).encode());
  }
}
