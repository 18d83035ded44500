package io.sediment.cluster.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RowTest {
  private final Row row =
      new Row("kind")
          .with("number", 7L)
          .with("text", "a \"b\"\n\u0001")
          .with("list", List.of(1, "x"))
          .with("absent", null)
          .with("none", Optional.empty())
          .with("some", OptionalLong.of(3))
          .with("flag", true)
          .with("price", 0.0004)
          .with("rate", Double.NaN);

  @Test
  void forPeopleItIsOneLineOfNamedValues() {
    assertThat(row.text())
        .isEqualTo(
            "kind number=7 text=\"a \\\"b\\\"\\n"
                + "\\u0001\" list=[1,x] some=3 flag=true price=0.0004 rate=NaN");
  }

  @Test
  void forMachinesItIsOneJsonObject() {
    assertThat(row.json())
        .isEqualTo(
            "{\"row\":\"kind\",\"number\":7,\"text\":\"a \\\"b\\\"\\n\\u0001\",\"list\":[1,\"x\"],"
                + "\"some\":3,\"flag\":true,\"price\":0.0004,\"rate\":null}");
  }
}
