package io.sediment.frontend.handler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.junit.jupiter.api.Test;

class FetchSessionTest {
  private static final int PARTITIONS = 6;

  private final FetchSession session = new FetchSession(true);

  FetchSessionTest() {
    for (int partition = 0; partition < PARTITIONS; partition++) {
      session.put(
          new FetchPartition.Key("", new Uuid(1, 1), partition),
          new FetchRequestData.FetchPartition());
    }
  }

  @Test
  void theCircleGoesOnBehindTheLastThatWasServed() {
    List<FetchPartition> turn = takeAll();
    session.endTurn(turn.get(3), List.of());
    assertThat(numbers(takeAll())).containsExactly(4, 5, 0, 1, 2, 3);
  }

  @Test
  void thoseThatWerePassedOverComeFirstOneByOne() {
    List<Integer> first = new ArrayList<>();
    for (int turns = 0; turns < 7; turns++) {
      List<FetchPartition> turn = takeAll();
      first.add(turn.get(0).key.partition());
      // 1, 2 and 3 have batches over their limits, which are served in the first place only.
      List<FetchPartition> gotNothing =
          turn.subList(1, PARTITIONS).stream()
              .filter(it -> it.key.partition() >= 1 && it.key.partition() <= 3)
              .toList();
      session.endTurn(turn.get(PARTITIONS - 1), gotNothing);
    }
    assertThat(first).containsExactly(0, 1, 2, 3, 1, 2, 3);
  }

  @Test
  void theCircleStaysWhereOnlyTheOnePassedOverWasServed() {
    List<FetchPartition> turn = takeAll();
    session.endTurn(turn.get(4), List.of(turn.get(2)));
    turn = takeAll();
    assertThat(numbers(turn)).containsExactly(2, 5, 0, 1, 3, 4);
    session.endTurn(turn.get(0), List.of());
    assertThat(numbers(takeAll())).containsExactly(5, 0, 1, 2, 3, 4);
  }

  private List<FetchPartition> takeAll() {
    List<FetchPartition> all = session.takeDirtyInTurn();
    all.forEach(session::markDirty);
    return all;
  }

  private static List<Integer> numbers(List<FetchPartition> partitions) {
    return partitions.stream().map(it -> it.key.partition()).toList();
  }
}
