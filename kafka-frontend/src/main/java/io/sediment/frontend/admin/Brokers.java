package io.sediment.frontend.admin;

import io.sediment.metadata.MetadataImage;
import org.apache.kafka.common.errors.InvalidRequestException;

/** Brokers as requests name them. */
final class Brokers {
  private Brokers() {}

  /**
   * The id that {@code name} stands for.
   *
   * @throws InvalidRequestException if it is no number, or no broker of that id is there
   */
  static int idOf(String name, MetadataImage image) {
    int id;
    try {
      id = Integer.parseInt(name);
    } catch (NumberFormatException e) {
      throw new InvalidRequestException("Broker id must be an integer, but it is: " + name, e);
    }
    if (image.broker(id) == null) {
      throw new InvalidRequestException(
          "Unexpected broker id " + id + ": the brokers are " + image.brokers().keySet());
    }
    return id;
  }
}
