package io.sediment.metadata.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.Publication;
import io.sediment.runtime.Corpus;
import io.sediment.runtime.ManualScheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What travels from the leader's state machine to the broker that submitted a command. */
class CommandReplyTest {
  private static final OpenLane COMMAND = new OpenLane(new LaneId(3), 7, 2);
  private static final CommandResult<Long> RESULT = CommandResult.accepted(300L);
  private static final long IMAGE_VERSION = 0x0102030405L;
  private static final int FORMAT_VERSION_AT = 0;
  private static final int RESULT_AT = 10;

  private static byte[] reply() {
    return new CommandReply(IMAGE_VERSION, CommandLayout.encodeResult(COMMAND, RESULT)).encode();
  }

  @Test
  void version1StaysReadableAsItIs() {
    byte[] stored = Corpus.read("v1/command-reply", CommandReplyTest::reply);
    CommandReply reply = CommandReply.decode(ByteBuffer.wrap(stored));
    assertThat(reply.imageVersion()).isEqualTo(IMAGE_VERSION);
    assertThat(CommandLayout.decodeResult(COMMAND, ByteBuffer.wrap(reply.result())))
        .isEqualTo(RESULT);
    assertThat(reply()).isEqualTo(stored);
  }

  @Test
  void everyCutIsSeen() {
    byte[] bytes = reply();
    for (int length = 0; length < bytes.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length);
      assertThatThrownBy(() -> CommandReply.decode(cut))
          .isInstanceOf(CorruptMetadataException.class);
    }
  }

  @Test
  void whatALaterVersionAddsIsLeftUnreadAndNothingElse() {
    byte[] longer = Arrays.copyOf(reply(), reply().length + 5);
    assertThatThrownBy(() -> CommandReply.decode(ByteBuffer.wrap(longer)))
        .hasMessageContaining("too many");
    longer[FORMAT_VERSION_AT] = 99;
    assertThat(submit(longer)).isCompletedWithValue(RESULT);
    longer[FORMAT_VERSION_AT] = 0;
    assertThatThrownBy(() -> CommandReply.decode(ByteBuffer.wrap(longer)))
        .isInstanceOf(CorruptMetadataException.class)
        .hasMessageContaining("format version 0");
  }

  @Test
  void aResultInAnUnknownVersionIsNamedToWhoeverSubmittedTheCommand() {
    byte[] bytes = reply();
    bytes[RESULT_AT] = 2;
    assertThat(submit(bytes))
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(MetadataUnavailableException.class)
        .withMessageContaining("outcome unknown of OpenLane")
        .withMessageContaining("metadata command result: format version 2, known 1");
  }

  /** Submits to a leader that answers {@code bytes}. */
  private static CompletableFuture<CommandResult<Long>> submit(byte[] bytes) {
    MetadataImage image = MetadataImage.empty("cluster", 1).withVersion(IMAGE_VERSION);
    return new CommandSubmission(
            new ExportedImages(new Publication(image)),
            new ManualScheduler(),
            Duration.ofSeconds(1),
            1 << 20,
            command -> CompletableFuture.completedFuture(ByteBuffer.wrap(bytes)))
        .submit(COMMAND);
  }
}
