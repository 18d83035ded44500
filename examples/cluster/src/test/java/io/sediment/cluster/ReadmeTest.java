package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The README's table is the code's table. When this fails, paste what it expected between the two
 * markers.
 */
class ReadmeTest {
  private static final String BEGIN = "<!-- settings: begin -->\n";
  private static final String END = "<!-- settings: end -->";

  @Test
  void theReadmeHasTheTableOfAllSettings() throws IOException {
    String readme = Files.readString(Path.of("../../README.md"));
    int begin = readme.indexOf(BEGIN);
    int end = readme.indexOf(END);
    assertThat(begin).as("marker " + BEGIN.strip()).isNotNegative();
    assertThat(end).as("marker " + END).isGreaterThan(begin);
    assertThat(readme.substring(begin + BEGIN.length(), end))
        .isEqualTo(SettingsTable.markdown(BrokerSettings.ALL));
  }
}
