package io.sediment.metadata;

import java.util.Comparator;

/**
 * What a config is set on. The key of {@link Type#TOPIC} is the topic's name, of {@link
 * Type#BROKER} the id in decimal, of {@link Type#CLUSTER} (the default of all brokers) the empty
 * string.
 */
public record ConfigResource(Type type, String name) implements Comparable<ConfigResource> {
  /** The numbers are written to disk. */
  public enum Type {
    TOPIC(1),
    BROKER(2),
    CLUSTER(3),
    GROUP(4),
    CLIENT_METRICS(5);

    private final int code;

    Type(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }

    static Type ofCode(int code) {
      for (Type type : values()) {
        if (type.code == code) {
          return type;
        }
      }
      throw new CorruptMetadataException("config resource type: code=" + code);
    }
  }

  private static final Comparator<ConfigResource> ORDER =
      Comparator.comparing(ConfigResource::type).thenComparing(ConfigResource::name);

  public static final ConfigResource CLUSTER = new ConfigResource(Type.CLUSTER, "");

  public static ConfigResource topic(String name) {
    return new ConfigResource(Type.TOPIC, name);
  }

  public static ConfigResource broker(int id) {
    return new ConfigResource(Type.BROKER, Integer.toString(id));
  }

  @Override
  public int compareTo(ConfigResource other) {
    return ORDER.compare(this, other);
  }
}
