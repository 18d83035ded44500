package io.sediment.metadata.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Publication;
import io.sediment.runtime.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ExportWatchTest {
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final ManualScheduler scheduler = new ManualScheduler();
  private final Publication publication =
      new Publication(MetadataImage.empty("cluster", 1).withVersion(Long.MIN_VALUE));
  private final ExportedImages images = new ExportedImages(publication);
  private final List<CompletableFuture<Long>> asked = new ArrayList<>();
  private RuntimeException thrown;
  private final ExportWatch watch =
      new ExportWatch(
          images,
          index -> {
            asked.add(new CompletableFuture<>());
            if (thrown != null) {
              throw thrown;
            }
            return asked.get(asked.size() - 1);
          },
          scheduler);

  private void follow() {
    watch.follow();
    scheduler.advance(Duration.ZERO);
  }

  private void answer(int question, long index) {
    asked.get(question).complete(index);
    scheduler.advance(Duration.ZERO);
  }

  @Test
  void whatIsAnsweredIsPublishedAndTheNextQuestionAsked() {
    images.applied(MetadataImage.empty("cluster", 1).withVersion(7));
    follow();
    answer(0, 6);
    assertThat(publication.image().version()).isEqualTo(Long.MIN_VALUE);
    answer(1, 7);
    assertThat(publication.image().version()).isEqualTo(7);
    assertThat(asked).hasSize(3);
  }

  @Test
  void whoCannotBeAskedIsAskedAgainAfterAPause() {
    thrown = new IllegalStateException("no channel");
    follow();
    thrown = null;
    scheduler.advance(Duration.ofMillis(49));
    assertThat(asked).hasSize(1);
    scheduler.advance(Duration.ofMillis(1));
    assertThat(asked).hasSize(2);
    asked.get(1).completeExceptionally(new IllegalStateException("gone"));
    scheduler.advance(Duration.ofMillis(50));
    assertThat(asked).hasSize(3);
  }

  @Test
  void anotherLeaderIsAskedAtOnceAndTheAnswerOfTheOldOneStillCounts() {
    follow();
    follow();
    assertThat(asked).hasSize(2);
    answer(0, 5);
    assertThat(images.exportedIndex()).isEqualTo(5);
    assertThat(asked).hasSize(2);
    answer(1, 6);
    assertThat(asked).hasSize(3);
  }

  @Test
  void whoLeadsOrEndsAsksNobody() {
    follow();
    watch.lead();
    answer(0, 5);
    assertThat(asked).hasSize(1);
    follow();
    assertThat(asked).hasSize(2);
    watch.close();
    answer(1, 6);
    follow();
    assertThat(asked).hasSize(2);
  }

  @Test
  void theLeaderAnswersWhenThereIsMore() {
    ExportDesk desk = new ExportDesk(images, scheduler, PATIENCE);
    images.exportedUpTo(4);
    assertThat(desk.moreThan(3)).isCompletedWithValue(4L);
    CompletableFuture<Long> more = desk.moreThan(4);
    CompletableFuture<Long> muchMore = desk.moreThan(5);
    assertThat(more).isNotDone();
    images.exportedUpTo(5);
    assertThat(more).isCompletedWithValue(5L);
    assertThat(muchMore).isNotDone();
    images.exportedUpTo(9);
    assertThat(muchMore).isCompletedWithValue(9L);
  }

  @Test
  void theLeaderAnswersInAnyCaseAndForgetsWhoAsked() {
    ExportDesk desk = new ExportDesk(images, scheduler, PATIENCE);
    images.exportedUpTo(4);
    CompletableFuture<Long> more = desk.moreThan(8);
    scheduler.advance(PATIENCE.minusNanos(1));
    assertThat(more).isNotDone();
    assertThat(images.awaitedCount()).isOne();
    scheduler.advance(Duration.ofNanos(1));
    assertThat(more).isCompletedWithValue(4L);
    assertThat(images.awaitedCount()).isZero();
  }
}
