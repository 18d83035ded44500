package io.sediment.metadata;

/**
 * Who shall lead a partition by an operator's word.
 *
 * @param moving whether it has not led it since that was said: until then whoever leads hands over
 *     to it. Later moves are not undone by themselves
 */
public record PreferredLeader(int broker, boolean moving) {
  public PreferredLeader {
    if (broker < 0) {
      throw new IllegalArgumentException("preferred leader: broker=" + broker);
    }
  }
}
