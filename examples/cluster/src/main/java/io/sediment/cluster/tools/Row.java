package io.sediment.cluster.tools;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One line of a command's answer: a kind, and named values in their order. */
final class Row {
  private final String kind;
  private final Map<String, Object> values = new LinkedHashMap<>();

  Row(String kind) {
    this.kind = kind;
  }

  /** Adds a value; an absent one is left out. */
  Row with(String name, @Nullable Object value) {
    Object present = value;
    if (value instanceof Optional<?> optional) {
      present = optional.orElse(null);
    } else if (value instanceof OptionalLong optional) {
      present = optional.isPresent() ? optional.getAsLong() : null;
    }
    if (present != null) {
      values.put(name, present);
    }
    return this;
  }

  /** {@code kind name=value name="a value"}. */
  String text() {
    StringBuilder text = new StringBuilder(kind);
    values.forEach((name, value) -> text.append(' ').append(name).append('=').append(plain(value)));
    return text.toString();
  }

  private static String plain(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().map(Row::plain).collect(Collectors.joining(",", "[", "]"));
    }
    String text = value instanceof Double number ? decimal(number) : value.toString();
    return text.isEmpty() || text.indexOf(' ') >= 0 || text.indexOf('"') >= 0 ? quoted(text) : text;
  }

  /** One JSON object; the kind is its member {@code row}. */
  String json() {
    StringBuilder json = new StringBuilder("{\"row\":").append(quoted(kind));
    values.forEach(
        (name, value) -> json.append(',').append(quoted(name)).append(':').append(jsonOf(value)));
    return json.append('}').toString();
  }

  private static String jsonOf(Object value) {
    if (value instanceof Double number) {
      return Double.isFinite(number) ? decimal(number) : "null";
    }
    if (value instanceof Number || value instanceof Boolean) {
      return value.toString();
    }
    if (value instanceof List<?> list) {
      return list.stream().map(Row::jsonOf).collect(Collectors.joining(",", "[", "]"));
    }
    return quoted(value.toString());
  }

  /** Without an exponent. */
  private static String decimal(double number) {
    return Double.isFinite(number)
        ? BigDecimal.valueOf(number).stripTrailingZeros().toPlainString()
        : Double.toString(number);
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c == '\n') {
        quoted.append("\\n");
      } else if (c < ' ' || c == '\u007f') {
        quoted.append(String.format("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  @Override
  public String toString() {
    return text();
  }
}
