package io.sediment.runtime;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.function.Supplier;

/**
 * Objects as released versions have written them, in hex under {@code src/test/resources/formats}.
 * A file is added with a version and never changed.
 */
public final class Corpus {
  private static final HexFormat HEX = HexFormat.of();

  private Corpus() {}

  /**
   * @param today what to put into the file when a new one is added; shown where it is missing
   */
  public static byte[] read(String name, Supplier<byte[]> today) {
    String path = "/formats/" + name + ".hex";
    try (InputStream in = Corpus.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new AssertionError("no " + path + "; today it would be " + lines(today.get()));
      }
      String hex = new String(in.readAllBytes(), US_ASCII).replaceAll("\\s", "");
      return HEX.parseHex(hex);
    } catch (IOException e) {
      throw new UncheckedIOException(path, e);
    }
  }

  private static String lines(byte[] bytes) {
    return HEX.formatHex(bytes).replaceAll(".{64}", "$0\n");
  }
}
