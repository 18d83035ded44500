package io.sediment.cluster;

import java.util.List;
import java.util.stream.Collectors;

/** The README's table of environment variables. */
final class SettingsTable {
  private SettingsTable() {}

  /** The settings as a Markdown table, one line each. */
  static String markdown(List<Setting<?>> settings) {
    return settings.stream()
        .map(SettingsTable::row)
        .collect(
            Collectors.joining(
                "\n",
                "| variable | default | allowed | meaning |\n| --- | --- | --- | --- |\n",
                "\n"));
  }

  private static String row(Setting<?> setting) {
    String byDefault = setting.defaultText().isEmpty() ? "" : "`" + setting.defaultText() + "`";
    return "| `%s` | %s | %s | %s |"
        .formatted(setting.name(), byDefault, setting.type().allowed(), setting.meaning());
  }
}
