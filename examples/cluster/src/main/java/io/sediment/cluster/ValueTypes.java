package io.sediment.cluster;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The kinds of value that settings take. */
final class ValueTypes {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,12})([kmgKMG]?)");
  private static final int NAME_CHARS_MAX = 255;
  private static final Pattern WORD =
      Pattern.compile("[^\\s\\p{Cntrl}]+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern BUCKET = Pattern.compile("[A-Za-z0-9._-]{3,63}");
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("([^:]+|\\[[0-9a-fA-F:]+]):(\\d{1,5})");

  private ValueTypes() {}

  static Setting.ValueType<Integer> integer(int min, int max, String what) {
    return of(
        what + ", " + min + " to " + max,
        text -> {
          try {
            int value = Integer.parseInt(text);
            return value >= min && value <= max ? Optional.of(value) : Optional.empty();
          } catch (NumberFormatException notANumber) {
            return Optional.empty();
          }
        });
  }

  static Setting.ValueType<Integer> port() {
    return integer(1, 65535, "a port number");
  }

  /** A setting that may be left out, or else is of {@code type}. */
  static <T> Setting.ValueType<Optional<T>> optional(Setting.ValueType<T> type) {
    return of(
        type.allowed() + ", or nothing",
        text -> text.isEmpty() ? Optional.of(Optional.empty()) : type.parse(text).map(Optional::of),
        type::objection);
  }

  static Setting.ValueType<Boolean> bool() {
    return of(
        "true or false",
        text ->
            switch (text.toLowerCase(Locale.ROOT)) {
              case "true" -> Optional.of(true);
              case "false" -> Optional.of(false);
              default -> Optional.empty();
            });
  }

  static Setting.ValueType<String> text(String what) {
    return of(what, text -> text.isEmpty() ? Optional.empty() : Optional.of(text));
  }

  /** What clients are told, so no longer than a string of Kafka's protocol may be. */
  static Setting.ValueType<String> name(String what) {
    return of(
        what + ", at most " + NAME_CHARS_MAX + " characters",
        text ->
            text.isEmpty() || text.length() > NAME_CHARS_MAX
                ? Optional.empty()
                : Optional.of(text));
  }

  /** Likewise, of one word, such as a host. */
  static Setting.ValueType<String> word(String what) {
    return of(
        what + ", at most " + NAME_CHARS_MAX + " characters without whitespace",
        text -> isWord(text) ? Optional.of(text) : Optional.empty());
  }

  /** Of S3 as it is now and as it was, when names could have upper case and underscores. */
  static Setting.ValueType<String> bucket() {
    return of(
        "a bucket name, 3 to 63 of the characters A-Z a-z 0-9 . _ -",
        text -> BUCKET.matcher(text).matches() ? Optional.of(text) : Optional.empty());
  }

  private static boolean isWord(String text) {
    return text.length() <= NAME_CHARS_MAX && WORD.matcher(text).matches();
  }

  static <E extends Enum<E>> Setting.ValueType<E> oneOf(Class<E> type) {
    List<E> values = List.of(type.getEnumConstants());
    return of(
        values.stream().map(ValueTypes::lowerCase).collect(Collectors.joining(", ")),
        text ->
            values.stream()
                .filter(v -> lowerCase(v).equals(text.toLowerCase(Locale.ROOT)))
                .findFirst());
  }

  /** Bytes: a number with k, m or g (1024-based) behind it, or without. */
  static Setting.ValueType<ByteSize> size(long min) {
    return of(
        "a size like 64m or 2g, at least " + min / (1 << 20) + "m",
        text -> {
          Matcher m = SIZE.matcher(text);
          if (!m.matches()) {
            return Optional.empty();
          }
          int shift =
              switch (m.group(2).toLowerCase(Locale.ROOT)) {
                case "k" -> 10;
                case "m" -> 20;
                case "g" -> 30;
                default -> 0;
              };
          OptionalLong value = shifted(Long.parseLong(m.group(1)), shift);
          return value.isPresent() && value.getAsLong() >= min
              ? Optional.of(new ByteSize(value.getAsLong(), text))
              : Optional.empty();
        });
  }

  /** Likewise, where it does not matter how it was written. */
  static Setting.ValueType<Long> bytes(long min) {
    Setting.ValueType<ByteSize> size = size(min);
    return of(size.allowed(), text -> size.parse(text).map(ByteSize::bytes));
  }

  /** Of a server that speaks HTTP. */
  static Setting.ValueType<URI> url() {
    return of(
        "a URL like http://host:port",
        text -> {
          try {
            URI url = new URI(text);
            boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            return http && url.getHost() != null ? Optional.of(url) : Optional.empty();
          } catch (URISyntaxException notAUrl) {
            return Optional.empty();
          }
        });
  }

  static Setting.ValueType<HostAndPort> hostAndPort() {
    return of(
        "host:port, the host at most " + NAME_CHARS_MAX + " characters without whitespace",
        ValueTypes::parseHostAndPort);
  }

  /** {@code name=value,name=value}; a value has no comma. Empty text: nothing. */
  static Setting.ValueType<TreeMap<String, String>> configs() {
    return of(
        "a list like name=value,name=value, or nothing",
        text -> {
          TreeMap<String, String> configs = new TreeMap<>();
          for (String config : listed(text)) {
            String[] nameAndValue = config.split("=", 2);
            if (nameAndValue.length != 2
                || nameAndValue[0].isEmpty()
                || configs.put(nameAndValue[0], nameAndValue[1]) != null) {
              return Optional.empty();
            }
          }
          return Optional.of(configs);
        });
  }

  /** The entries of a list with commas. */
  static List<String> listed(String text) {
    return Arrays.stream(text.split(",")).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }

  static Optional<HostAndPort> parseHostAndPort(String text) {
    Matcher m = HOST_AND_PORT.matcher(text);
    if (!m.matches() || !isWord(m.group(1))) {
      return Optional.empty();
    }
    int port = Integer.parseInt(m.group(2));
    return port >= 1 && port <= 65535
        ? Optional.of(new HostAndPort(m.group(1), port))
        : Optional.empty();
  }

  private static OptionalLong shifted(long value, int shift) {
    return value <= Long.MAX_VALUE >> shift
        ? OptionalLong.of(value << shift)
        : OptionalLong.empty();
  }

  private static String lowerCase(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static <T> Setting.ValueType<T> of(String allowed, Function<String, Optional<T>> parser) {
    return of(allowed, parser, text -> Optional.empty());
  }

  private static <T> Setting.ValueType<T> of(
      String allowed,
      Function<String, Optional<T>> parser,
      Function<String, Optional<String>> objector) {
    return new Setting.ValueType<>() {
      @Override
      public Optional<T> parse(String text) {
        return parser.apply(text);
      }

      @Override
      public Optional<String> objection(String text) {
        return objector.apply(text);
      }

      @Override
      public String allowed() {
        return allowed;
      }
    };
  }

  /** A number of bytes. */
  record ByteSize(long bytes, String asGiven) {}

  /** A network address as a setting gives it. */
  record HostAndPort(String host, int port) {
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }
}
